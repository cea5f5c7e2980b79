package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.Commit;
import dev.lockstep.consensus.ReplicatedState;
import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hands the log over to a [ReplicatedState]: one entry at a time, in order. Nothing is skipped; what fails
/// ends the node.
final class CatalogStateMachine extends BaseStateMachine {
    private static final Logger log = LoggerFactory.getLogger(CatalogStateMachine.class);

    private final ReplicatedState state;
    private final SimpleStateMachineStorage storage = new SimpleStateMachineStorage();
    private final SnapshotWriter snapshots;
    private final CommitNews news;
    private volatile @Nullable ReplayedSegments replayed;
    private final MembersFile members;
    private final SnapshotLoading loading = new SnapshotLoading();
    private volatile boolean isStarted;
    private volatile boolean isStopping;

    CatalogStateMachine(ReplicatedState state, CommitNews news, MembersFile members) {
        this.state = state;
        this.news = news;
        this.members = members;
        this.snapshots = new SnapshotWriter(state, storage);
    }

    boolean isReadable(Bytes command) {
        return state.isReadable(command);
    }

    /// From now on it is a failure if the log stops; before, whoever starts it sees that.
    void started() {
        isStarted = true;
    }

    /// From now on it is no failure that the log stops.
    void stopping() {
        isStopping = true;
        loading.close();
    }

    /// What is replayed may begin before this call.
    void replays(ReplayedSegments segments) {
        replayed = segments;
    }

    @Override
    public void initialize(RaftServer server, RaftGroupId group, RaftStorage raftStorage) throws IOException {
        super.initialize(server, group, raftStorage);
        getLifeCycle().startAndTransition(() -> {
            storage.init(raftStorage);
            snapshots.removeUnfinished(
                    raftStorage.getStorageDir().getStateMachineDir().toPath());
            load(storage.getLatestSnapshot());
        });
    }

    @Override
    public void pause() {
        loading.announce();
        if (getLifeCycleState() == LifeCycle.State.RUNNING) {
            getLifeCycle().transition(LifeCycle.State.PAUSING);
            getLifeCycle().transition(LifeCycle.State.PAUSED);
        }
    }

    @Override
    public void reinitialize() throws IOException {
        loading.begin();
        try {
            load(storage.loadLatestSnapshot());
        } catch (IOException | RuntimeException | Error failed) {
            loading.close();
            state.failed(failed);
            throw failed;
        }
        if (getLifeCycleState() == LifeCycle.State.PAUSED) {
            getLifeCycle().transition(LifeCycle.State.STARTING);
            getLifeCycle().transition(LifeCycle.State.RUNNING);
        }
        loading.end();
    }

    @Override
    public TermIndex getLastAppliedTermIndex() {
        loading.goesOn();
        return super.getLastAppliedTermIndex();
    }

    private void load(@Nullable SingleFileSnapshotInfo snapshot) throws IOException {
        if (snapshot == null) {
            return;
        }
        if (snapshot.getIndex() > state.appliedIndex()) {
            var digest = snapshot.getFile().getFileDigest();
            if (digest != null) {
                MD5FileUtil.verifySavedMD5(snapshot.getFile().getPath().toFile(), digest);
            }
            SnapshotWriter.makeDurable(snapshot.getFile().getPath());
            FailPoint.reach("install.verified");
            state.install(snapshot.getFile().getPath(), snapshot.getIndex());
            FailPoint.reach("install.done");
            log.atInfo().addKeyValue("logIndex", snapshot.getIndex()).log("snapshot installed");
        }
        setLastAppliedTermIndex(snapshot.getTermIndex());
    }

    @Override
    public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
        loading.goesOn();
        LogEntryProto entry = java.util.Objects.requireNonNull(transaction.getLogEntry());
        news.committed(entry.getIndex());
        orFail(() -> {
            Bytes command = LogFrame.command(entry.getStateMachineLogEntry().getLogData());
            if (command == null) {
                state.advance(entry.getIndex());
            } else {
                state.apply(new Commit(entry.getIndex(), entry.getTerm(), command));
            }
        });
        updateLastAppliedTermIndex(entry.getTerm(), entry.getIndex());
        ReplayedSegments segments = replayed;
        if (segments != null) {
            segments.applied(
                    entry.getIndex(),
                    entry.getStateMachineLogEntry().getLogData().size());
        }
        return CompletableFuture.completedFuture(answer(entry.getIndex()));
    }

    /// Going on without an entry would fork the cluster.
    private void orFail(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error defect) {
            state.failed(defect);
            throw defect;
        }
    }

    @Override
    public void notifyTermIndexUpdated(long term, long index) {
        loading.goesOn();
        orFail(() -> state.advance(index));
        super.notifyTermIndexUpdated(term, index);
    }

    @Override
    public void notifyConfigurationChanged(long term, long index, RaftConfigurationProto configuration) {
        try {
            members.keep(index, configuration);
        } catch (IOException refused) {
            state.failed(refused);
        }
    }

    @Override
    public CompletableFuture<Message> query(Message request) {
        // The updater answers the reads that waited for a snapshot before it has noted that it is loaded.
        return CompletableFuture.completedFuture(
                answer(super.getLastAppliedTermIndex().getIndex()));
    }

    private static Message answer(long logIndex) {
        return Message.valueOf(UnsafeByteOperations.unsafeWrap(
                java.nio.ByteBuffer.allocate(Long.BYTES).putLong(0, logIndex).array()));
    }

    /// @return the index of the newest snapshot that is finished since the last call; a new one is begun when
    ///     none is
    @Override
    public long takeSnapshot() {
        TermIndex applied = getLastAppliedTermIndex();
        SingleFileSnapshotInfo finished = snapshots.takeFinished();
        SingleFileSnapshotInfo latest = storage.getLatestSnapshot();
        if (finished != null && latest != null && finished.getIndex() < latest.getIndex()) {
            // One that came from the leader has overtaken it: the engine closes the log over a snapshot that goes back.
            return RaftLog.INVALID_LOG_INDEX;
        }
        if (finished == null) {
            orFail(() -> snapshots.begin(applied));
            return RaftLog.INVALID_LOG_INDEX;
        }
        storage.updateLatestSnapshot(finished);
        return finished.getIndex();
    }

    @Override
    public SimpleStateMachineStorage getStateMachineStorage() {
        return storage;
    }

    @Override
    public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto failedEntry) {
        state.failed(cause);
    }

    @Override
    public void notifyServerShutdown(org.apache.ratis.proto.RaftProtos.RoleInfoProto roleInfo, boolean allServer) {
        failUnlessStopping();
    }

    private void failUnlessStopping() {
        if (isStarted && !isStopping) {
            state.failed(new IOException("the log stopped by itself"));
        }
    }

    /// Also called when the engine met something that it did not expect, and by no other way tells of it.
    @Override
    public void close() {
        failUnlessStopping();
        loading.close();
        snapshots.close();
        news.close();
    }
}
