package dev.lockstep.consensus.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.server.raftlog.RaftLog;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A long log is replayed without staying in memory.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class ReplayedSegmentsTest {
    private static final int ENTRIES = 300;

    @TempDir
    private Path directory;

    @Test
    void replayedSegmentsAreDroppedFromMemory() throws Exception {
        try (RatisCluster cluster = new RatisCluster(directory, 100_000, 100_000)) {
            startAll(cluster);
            Bytes command = Bytes.utf8("x".repeat(1000));
            Member one = cluster.founders().getFirst();
            for (int i = 0; i < ENTRIES; i++) {
                offerUntilCommitted(cluster, one, command);
            }
            // One that comes back to its leader closes no segment: nothing else would drop those it reads.
            Member back = cluster.founders().stream()
                    .filter(member -> cluster.log(member).status().role() != ConsensusStatus.Role.LEADER)
                    .findFirst()
                    .orElseThrow();
            cluster.stop(back);
            cluster.startFrom(back, 0);
            cluster.await("all is applied", () -> cluster.state(back).appliedIndex() >= ENTRIES);
            RaftLog log = ((RatisConsensus) cluster.log(back)).division.getRaftLog();
            assertThat(segments(log)).isGreaterThan(50);
            offerUntilCommitted(cluster, back, command);
            cluster.await("few segments stay in memory", () -> cachedSegments(log) <= 3);
        }
    }

    private static void startAll(RatisCluster cluster) throws Exception {
        for (Member member : cluster.founders()) {
            cluster.start(member);
        }
    }

    private static void offerUntilCommitted(RatisCluster cluster, Member member, Bytes command) {
        cluster.await(
                "an offer is committed",
                () -> !cluster.ended("the offer", cluster.log(member).offer(command))
                        .isCompletedExceptionally());
    }

    private static long segments(RaftLog log) throws ReflectiveOperationException {
        return number(log, "getNumOfSegments");
    }

    private static long cachedSegments(RaftLog log) throws ReflectiveOperationException {
        return number(log, "getCachedSegmentNum");
    }

    private static long number(RaftLog log, String name) throws ReflectiveOperationException {
        Method cache = log.getClass().getDeclaredMethod("getRaftLogCache");
        cache.setAccessible(true);
        Object segments = cache.invoke(log);
        Method number = segments.getClass().getDeclaredMethod(name);
        number.setAccessible(true);
        return ((Number) number.invoke(segments)).longValue();
    }
}
