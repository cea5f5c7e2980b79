package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Address;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IdentityTest {
    private static final Member SELF =
            new Member(new NodeId("node3"), new StoreId("0123456789abcdef"), new Address("127.0.0.1", 8003));

    @TempDir
    private Path directory;

    @Test
    void isReadAsItWasWritten() throws IOException {
        for (Identity identity : List.of(identity(List.of(SELF), 0), identity(List.of(), 2))) {
            identity.write(new DurableFiles(), directory);
            assertThat(Identity.read(directory)).contains(identity);
        }
    }

    /// Otherwise its changes would pass for those that the lost store offered.
    @Test
    void everyStartOfANewStoreIsAboveAllStartsOfTheLostOnes() {
        assertThat(identity(List.of(SELF), 0).incarnation(1)).isEqualTo(1);
        for (int lost = 0; lost < 3; lost++) {
            long last = identity(List.of(), lost).incarnation(1_000_000);
            assertThat(identity(List.of(), lost + 1).incarnation(1)).isGreaterThan(last);
        }
    }

    private static Identity identity(List<Member> members, int replacements) {
        return new Identity(new UUID(1, 2), SELF, members, replacements);
    }
}
