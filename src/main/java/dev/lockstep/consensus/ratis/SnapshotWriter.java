package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.ReplicatedState;
import dev.lockstep.failpoint.FailPoint;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.apache.ratis.io.MD5Hash;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.FileInfo;
import org.apache.ratis.statemachine.impl.SimpleStateMachineStorage;
import org.apache.ratis.statemachine.impl.SingleFileSnapshotInfo;
import org.apache.ratis.util.MD5FileUtil;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes snapshots while the log goes on: the state is pinned at once, written on another thread, and counts
/// only when
/// everything up to its index stands on this node without the log. One at a time.
final class SnapshotWriter {
    private static final String UNFINISHED = ".unfinished";
    private static final Logger log = LoggerFactory.getLogger(SnapshotWriter.class);

    private final ReplicatedState state;
    private final SimpleStateMachineStorage storage;
    private @Nullable Thread writing;
    private @Nullable SingleFileSnapshotInfo finished;
    private boolean isClosed;

    SnapshotWriter(ReplicatedState state, SimpleStateMachineStorage storage) {
        this.state = state;
        this.storage = storage;
    }

    /// @return the snapshot finished since the last call, null if there is none
    synchronized @Nullable SingleFileSnapshotInfo takeFinished() {
        SingleFileSnapshotInfo taken = finished;
        finished = null;
        return taken;
    }

    /// Begins a snapshot of the state as it is, unless one is under way. Called on the applying thread.
    synchronized void begin(TermIndex applied) {
        // While what was applied before a restart comes again, the state is ahead of the log.
        if (writing != null || isClosed || state.appliedIndex() > applied.getIndex()) {
            return;
        }
        ReplicatedState.Pin pin = state.pin();
        Path target =
                storage.getSnapshotFile(applied.getTerm(), applied.getIndex()).toPath();
        writing = Thread.ofPlatform().daemon(true).name("snapshot").start(() -> write(pin, applied, target));
    }

    private void write(ReplicatedState.Pin pin, TermIndex applied, Path target) {
        SingleFileSnapshotInfo written = null;
        try (pin) {
            Path unfinished = target.resolveSibling(target.getFileName() + UNFINISHED);
            Files.deleteIfExists(unfinished);
            pin.writeTo(unfinished);
            makeDurable(unfinished);
            FailPoint.reach("snapshot.written");
            MD5Hash digest = MD5FileUtil.computeMd5ForFile(unfinished.toFile());
            state.syncPoint(applied.getIndex()).get();
            FailPoint.reach("snapshot.synced");
            MD5FileUtil.saveMD5File(target.toFile(), digest);
            FailPoint.reach("snapshot.summed");
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
            makeDurable(Objects.requireNonNull(target.getParent()));
            FailPoint.reach("snapshot.named");
            written = new SingleFileSnapshotInfo(new FileInfo(target, digest), applied);
        } catch (IOException | ExecutionException failure) {
            log.atWarn().addKeyValue("cause", failure.toString()).log("no snapshot: the log is not cut");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            finish(written);
        }
    }

    private synchronized void finish(@Nullable SingleFileSnapshotInfo written) {
        writing = null;
        if (written != null) {
            finished = written;
        }
    }

    /// What a kill left behind.
    void removeUnfinished(Path directory) throws IOException {
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(directory, "*" + UNFINISHED)) {
            for (Path leftover : leftovers) {
                Files.delete(leftover);
            }
        }
    }

    /// A file, or the names in a directory.
    static void makeDurable(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    synchronized void close() {
        isClosed = true;
        if (writing != null) {
            writing.interrupt();
        }
    }
}
