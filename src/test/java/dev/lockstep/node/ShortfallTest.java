package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import dev.lockstep.transfer.Holders;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/// What too few nodes hold is copied by as many as are missing, also when the holders could not be told at first.
final class ShortfallTest {
    private static final NodeId ONE = new NodeId("node1");
    private static final NodeId TWO = new NodeId("node2");
    private static final NodeId THREE = new NodeId("node3");
    private static final List<NodeId> ALL = List.of(ONE, TWO, THREE);
    private static final Content.File CONTENT = new Content.File(Digest.of(Bytes.utf8("old")), 3);
    private static final Digest DIGEST = CONTENT.digest();

    @Test
    void contentThatNobodyHeldWhenAskedIsAskedForAgain() {
        Shortfall shortfall = new Shortfall(ONE);
        shortfall.add(List.of(CONTENT), 0);
        assertThat(shortfall.due(0, 10)).containsExactly(CONTENT);
        assertThat(shortfall.isMine(DIGEST, held(List.of(), List.of(THREE)), ALL))
                .isFalse();

        assertThat(shortfall.due(seconds(0.9), 10)).isEmpty();
        assertThat(shortfall.due(seconds(1), 10)).containsExactly(CONTENT);
        assertThat(shortfall.isMine(DIGEST, held(List.of(TWO), List.of(THREE)), ALL))
                .isTrue();
    }

    @Test
    void pausesDoubleAndEnd() {
        Shortfall shortfall = new Shortfall(ONE);
        shortfall.add(List.of(CONTENT), 0);
        int asked = 0;
        for (int second = 0; second < 600; second++) {
            asked += shortfall.due(seconds(second), 10).size();
            shortfall.isMine(DIGEST, held(List.of(), List.of()), ALL);
        }
        assertThat(asked).isEqualTo(8);

        shortfall.add(List.of(CONTENT), seconds(600));
        assertThat(shortfall.due(seconds(600), 10))
                .as("found by the next sweep")
                .containsExactly(CONTENT);
    }

    @Test
    void oneOfSeveralCopiesIt() {
        long mine = ALL.stream()
                .filter(node -> new Shortfall(node).isMine(DIGEST, held(List.of(TWO), List.of()), ALL))
                .count();
        assertThat(mine).isEqualTo(1);
    }

    @Test
    void whatAMajorityHoldsIsSettled() {
        Shortfall shortfall = new Shortfall(ONE);
        shortfall.add(List.of(CONTENT), 0);
        shortfall.due(0, 10);
        assertThat(shortfall.isMine(DIGEST, held(List.of(TWO, THREE), List.of()), ALL))
                .isFalse();
        assertThat(shortfall.due(seconds(600), 10)).isEmpty();
    }

    private static Holders held(List<NodeId> holders, List<NodeId> unreached) {
        return new Holders(Map.of(DIGEST, new TreeSet<>(holders)), new TreeSet<>(unreached));
    }

    private static long seconds(double seconds) {
        return (long) (seconds * TimeUnit.SECONDS.toNanos(1));
    }
}
