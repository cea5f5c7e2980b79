package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.ConsensusContractTest;
import dev.lockstep.consensus.LogCluster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class RatisConsensusTest extends ConsensusContractTest {
    @Override
    protected LogCluster open(Path home) throws IOException {
        return new RatisCluster(home, SNAPSHOT_TRIGGER_ENTRIES, PRESERVED_ENTRIES);
    }
}
