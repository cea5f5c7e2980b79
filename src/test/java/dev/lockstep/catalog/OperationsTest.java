package dev.lockstep.catalog;

import static dev.lockstep.catalog.Scene.NODE1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.OperationId;
import dev.lockstep.model.Proposal;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Each proposal takes effect once.
final class OperationsTest {
    private final Scene scene = new Scene();

    private Proposal proposal(long incarnation, long sequence) {
        String text = incarnation + "." + sequence;
        return new Proposal(
                new OperationId(NODE1, incarnation, sequence), List.of(scene.create("f" + text, text)), List.of());
    }

    @Test
    void aProposalOfferedTwiceTakesEffectOnceAndGetsTheSameOutcomes() {
        Proposal proposal = proposal(1, 1);
        Applied first = scene.offer(proposal);

        Applied second = scene.offer(proposal);

        assertThat(second.result()).isEqualTo(Result.DUPLICATE);
        assertThat(second.outcomes()).isEqualTo(first.outcomes()).hasSize(1);
        assertThat(second.touched()).isEmpty();
        assertThat(second.operation()).contains(proposal.operation());
        assertThat(scene.catalog.appliedIndex()).isEqualTo(2);
    }

    @Test
    void outcomesAreKeptForTheWholeWindowAndNoLonger() {
        for (int sequence = 1; sequence <= Operations.WINDOW; sequence++) {
            scene.offer(proposal(1, sequence));
        }
        assertThat(scene.offer(proposal(1, 1)).outcomes()).hasSize(1);

        scene.offer(proposal(1, Operations.WINDOW + 1));

        Applied tooOld = scene.offer(proposal(1, 1));
        assertThat(tooOld.result()).isEqualTo(Result.DUPLICATE);
        assertThat(tooOld.outcomes()).isEmpty();
    }

    @Test
    void aGapIsRefusedUntilItIsFilled() {
        scene.offer(proposal(1, 1));

        assertThat(scene.offer(proposal(1, 3)).result()).isEqualTo(Result.GAP);
        assertThat(scene.offer(proposal(1, 2)).result()).isEqualTo(Result.APPLIED);
        assertThat(scene.offer(proposal(1, 3)).result()).isEqualTo(Result.APPLIED);
    }

    @Test
    void anOlderIncarnationIsRefused() {
        scene.offer(proposal(2, 1));

        assertThat(scene.offer(proposal(1, 1)).result()).isEqualTo(Result.STALE_INCARNATION);
        assertThat(scene.tree()).containsExactly("f2.1");
    }

    @Test
    void anIncarnationBeginsWithItsFirstProposal() {
        scene.offer(proposal(1, 1));

        assertThat(scene.offer(proposal(2, 2)).result()).isEqualTo(Result.GAP);
        assertThat(scene.offer(proposal(1, 2)).result()).isEqualTo(Result.APPLIED);
        assertThat(scene.offer(proposal(7, 1)).result()).isEqualTo(Result.APPLIED);
        assertThat(scene.offer(proposal(7, 1)).result()).isEqualTo(Result.DUPLICATE);
    }
}
