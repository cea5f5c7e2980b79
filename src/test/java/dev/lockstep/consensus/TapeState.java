package dev.lockstep.consensus;

import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/// A state that keeps every commit that took effect, in order, and notes what the log did to it. Any
/// thread.
public final class TapeState implements ReplicatedState {
    private final List<Commit> tape = new ArrayList<>();
    private final List<Throwable> failures = new ArrayList<>();
    private long appliedIndex;
    private long lastHandedIndex;
    private long pinnedIndex;
    private boolean refusesSyncPoints;
    private CompletableFuture<Void> syncPoints = CompletableFuture.completedFuture(null);
    private CountDownLatch installsMay = new CountDownLatch(0);
    private int repeated;
    private int installed;
    private volatile boolean isInstalling;

    /// The state as a crash may leave it: what came after `logIndex` is gone.
    public synchronized TapeState upTo(long logIndex) {
        TapeState cut = new TapeState();
        tape.stream().filter(commit -> commit.logIndex() <= logIndex).forEach(cut.tape::add);
        cut.appliedIndex = Math.min(logIndex, appliedIndex);
        cut.installsMay = installsMay;
        return cut;
    }

    public synchronized List<Commit> tape() {
        return List.copyOf(tape);
    }

    public synchronized List<String> commands() {
        return tape.stream().map(commit -> commit.command().toUtf8()).toList();
    }

    public synchronized List<Throwable> failures() {
        return List.copyOf(failures);
    }

    /// How many commits came that had taken effect before.
    public synchronized int repeated() {
        return repeated;
    }

    /// How often a snapshot took the place of the state.
    public synchronized int installed() {
        return installed;
    }

    @Override
    public synchronized long appliedIndex() {
        return appliedIndex;
    }

    @Override
    public synchronized void apply(Commit commit) {
        handed(commit.logIndex());
        if (commit.logIndex() <= appliedIndex) {
            repeated++;
            return;
        }
        tape.add(commit);
        appliedIndex = commit.logIndex();
    }

    @Override
    public synchronized void advance(long logIndex) {
        handed(logIndex);
        appliedIndex = Math.max(appliedIndex, logIndex);
    }

    private void handed(long logIndex) {
        if (logIndex < lastHandedIndex) {
            throw new IllegalStateException(logIndex + " after " + lastHandedIndex);
        }
        lastHandedIndex = logIndex;
    }

    @Override
    public synchronized Pin pin() {
        long index = appliedIndex;
        pinnedIndex = index;
        List<String> lines = tape.stream()
                .map(commit -> commit.logIndex() + " " + commit.term() + " " + commit.command())
                .toList();
        return new Pin() {
            @Override
            public long logIndex() {
                return index;
            }

            @Override
            public void writeTo(Path file) throws IOException {
                Files.write(file, lines);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public void install(Path file, long logIndex) throws IOException {
        List<String> lines = Files.readAllLines(file);
        isInstalling = true;
        try {
            installsMay().await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException(interrupted);
        }
        isInstalling = false;
        install(lines, logIndex);
    }

    private synchronized CountDownLatch installsMay() {
        return installsMay;
    }

    private synchronized void install(List<String> lines, long logIndex) {
        tape.clear();
        for (String line : lines) {
            String[] words = line.split(" ", -1);
            Bytes command = Bytes.wrap(HexFormat.of().parseHex(words[2]));
            tape.add(new Commit(Long.parseLong(words[0]), Long.parseLong(words[1]), command));
        }
        appliedIndex = logIndex;
        lastHandedIndex = logIndex;
        installed++;
    }

    /// Snapshots take long to be loaded, until the latch that is returned is released.
    public synchronized CountDownLatch holdInstalls() {
        installsMay = new CountDownLatch(1);
        return installsMay;
    }

    /// Whether a snapshot is being loaded.
    public boolean isInstalling() {
        return isInstalling;
    }

    @Override
    public synchronized CompletableFuture<Void> syncPoint(long logIndex) {
        if (logIndex < pinnedIndex) {
            failures.add(new IllegalStateException("the state of " + pinnedIndex + " as a snapshot of " + logIndex));
        }
        return refusesSyncPoints ? CompletableFuture.failedFuture(new IOException("no sync point")) : syncPoints;
    }

    /// What was committed stands on this node without the log when what is returned is completed.
    public synchronized CompletableFuture<Void> holdSyncPoints() {
        syncPoints = new CompletableFuture<>();
        return syncPoints;
    }

    /// What was committed does not stand on this node without the log.
    public synchronized void refuseSyncPoints() {
        refusesSyncPoints = true;
    }

    @Override
    public boolean isReadable(Bytes command) {
        return command.size() > 0;
    }

    @Override
    public synchronized void failed(Throwable cause) {
        failures.add(cause);
    }
}
