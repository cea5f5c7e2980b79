package dev.lockstep.consensus.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.consensus.TapeState;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys.Log.CorruptionPolicy;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.util.MD5FileUtil;
import org.apache.ratis.util.SizeInBytes;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The calls of the engine's updater, one by one.
final class CatalogStateMachineTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    private final TapeState state = new TapeState();
    private RaftStorage storage;
    private CatalogStateMachine machine;

    @BeforeEach
    void initialize() throws IOException {
        storage = RaftStorage.newBuilder()
                .setDirectory(Files.createDirectory(directory.resolve("log")).toFile())
                .setOption(RaftStorage.StartupOption.FORMAT)
                .setStorageFreeSpaceMin(SizeInBytes.ZERO)
                .setLogCorruptionPolicy(CorruptionPolicy.EXCEPTION)
                .build();
        storage.initialize();
        machine = new CatalogStateMachine(state, new CommitNews(), new MembersFile(directory));
        machine.initialize(named(), RaftGroupId.randomId(), storage);
        machine.started();
    }

    /// A server that is asked for nothing but its name.
    private static RaftServer named() {
        return (RaftServer) Proxy.newProxyInstance(
                RaftServer.class.getClassLoader(),
                new Class<?>[] {RaftServer.class},
                (_, method, _) -> switch (method.getName()) {
                    case "getId" -> RaftPeerId.valueOf("node1");
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    @AfterEach
    void close() throws IOException {
        machine.stopping();
        machine.close();
        storage.close();
    }

    @Test
    void ownSnapshotThatOneFromTheLeaderHasOvertakenDoesNotCount() throws IOException {
        CompletableFuture<Void> held = state.holdSyncPoints();
        machine.notifyTermIndexUpdated(1, 5);
        assertThat(machine.takeSnapshot()).isNegative();
        machine.pause();
        leaderSends(9);
        machine.reinitialize();
        assertThat(state.appliedIndex()).isEqualTo(9);
        held.complete(null);
        machine.notifyTermIndexUpdated(1, 10);
        AtomicLong taken = new AtomicLong(-1);
        Awaitility.await().atMost(PATIENCE).until(() -> taken.updateAndGet(_ -> machine.takeSnapshot()) >= 0);
        assertThat(taken).hasValue(10);
    }

    @Test
    void snapshotTakesItsPlaceWhenTheOneBeforeIsLoadedAndTheUpdaterHasNotedIt() throws Exception {
        CountDownLatch isSlow = state.holdInstalls();
        machine.pause();
        leaderSends(5);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        CompletableFuture<Void> updater = CompletableFuture.runAsync(() -> {
            try {
                machine.reinitialize();
                mayGoOn.await();
            } catch (IOException | InterruptedException failed) {
                throw new IllegalStateException(failed);
            }
            machine.getLastAppliedTermIndex();
        });
        Awaitility.await().atMost(PATIENCE).until(state::isInstalling);
        Thread next = Thread.ofPlatform().start(machine::pause);
        awaitWaiting(next);
        isSlow.countDown();
        Awaitility.await().atMost(PATIENCE).until(() -> state.appliedIndex() == 5);
        // Of another thread the question says nothing.
        machine.getLastAppliedTermIndex();
        awaitWaiting(next);
        mayGoOn.countDown();
        updater.get(20, TimeUnit.SECONDS);
        next.join(PATIENCE);
        assertThat(next.isAlive()).isFalse();
    }

    private static void awaitWaiting(Thread thread) {
        Awaitility.await().atMost(PATIENCE).until(() -> thread.getState() == Thread.State.TIMED_WAITING);
    }

    @Test
    void firstSnapshotCounts() {
        machine.notifyTermIndexUpdated(1, 5);
        assertThat(machine.takeSnapshot()).isNegative();
        machine.notifyTermIndexUpdated(1, 6);
        AtomicLong taken = new AtomicLong(-1);
        Awaitility.await().atMost(PATIENCE).until(() -> taken.updateAndGet(_ -> machine.takeSnapshot()) >= 0);
        assertThat(taken).hasValue(5);
    }

    private void leaderSends(long logIndex) throws IOException {
        File file = machine.getStateMachineStorage().getSnapshotFile(1, logIndex);
        TapeState leader = new TapeState();
        leader.advance(logIndex);
        leader.pin().writeTo(file.toPath());
        MD5FileUtil.computeAndSaveMd5ForFile(file);
    }

    @Test
    void engineThatStopsByItselfEndsTheNode() {
        machine.close();
        assertThat(state.failures()).hasSize(1);
    }

    @Test
    void engineThatIsStoppedDoesNot() {
        machine.stopping();
        machine.close();
        assertThat(state.failures()).isEmpty();
    }
}
