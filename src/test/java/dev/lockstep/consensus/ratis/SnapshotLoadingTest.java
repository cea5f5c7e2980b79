package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A node that was away while the log was cut, and a log that is cut again before it has caught up.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class SnapshotLoadingTest {
    private static final int TRIGGER_ENTRIES = 40;

    @TempDir
    private Path directory;

    private RatisCluster cluster;
    private Member leader;

    @BeforeEach
    void startAll() throws IOException {
        cluster = new RatisCluster(directory, TRIGGER_ENTRIES, 5);
        for (Member member : cluster.founders()) {
            cluster.start(member);
        }
        leader = cluster.founders().getFirst();
        cluster.await("a leader answers", () -> cluster.founders().stream().anyMatch(this::isLeader));
    }

    @AfterEach
    void stopAll() throws IOException {
        cluster.close();
    }

    private boolean isLeader(Member member) {
        leader = member;
        return cluster.log(member).status().role() == ConsensusStatus.Role.LEADER;
    }

    @Test
    void snapshotThatComesWhileAnotherIsLoadedIsLoadedAsWell() throws IOException {
        Member away = cluster.founders().stream()
                .filter(member -> !member.equals(leader))
                .findFirst()
                .orElseThrow();
        cluster.stop(away);
        long missing = cluster.state(away).appliedIndex();
        CountDownLatch isSlow = cluster.state(away).holdInstalls();
        try (Writer _ = new Writer(cluster.log(leader))) {
            cluster.await("the log is cut", () -> cluster.firstKeptIndex(leader) > missing + 1);
            cluster.start(away);
            cluster.await(
                    "a snapshot is being loaded", () -> cluster.state(away).isInstalling());
            Set<String> first = names(away, "sm");
            cluster.await(
                    "another one has come",
                    () -> !names(away, "tmp").isEmpty() || !names(away, "sm").equals(first));
        }
        isSlow.countDown();
        long last = cluster.log(leader).status().commitIndex();
        cluster.await("the node has caught up", () -> cluster.state(away).appliedIndex() >= last);
    }

    private Set<String> names(Member member, String part) throws IOException {
        Path parent = cluster.raftDirectory(member).resolve(part);
        if (Files.notExists(parent)) {
            return Set.of();
        }
        try (Stream<Path> files = Files.list(parent)) {
            return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
        }
    }

    /// Offers so much that the log is cut again while a snapshot is on its way.
    private static final class Writer implements AutoCloseable {
        private final CompletableFuture<Void> ended;
        private volatile boolean isClosed;

        Writer(Consensus log) {
            ended = CompletableFuture.runAsync(() -> {
                while (!isClosed) {
                    List<CompletableFuture<Long>> offers = new ArrayList<>();
                    for (int i = 0; i < 100; i++) {
                        offers.add(log.offer(Bytes.utf8("one more")));
                    }
                    offers.forEach(offer -> offer.exceptionally(_ -> -1L).join());
                }
            });
        }

        @Override
        public void close() {
            isClosed = true;
            ended.join();
        }
    }
}
