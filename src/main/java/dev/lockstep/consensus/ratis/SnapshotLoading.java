package dev.lockstep.consensus.ratis;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Lets a snapshot from the leader take its place only when the one before is loaded. The updater of Ratis 3.3.0 ends
/// loading with the words that nothing is to be loaded, also when another one has come meanwhile: that was forgotten,
/// and the node waited for ever for entries that its log no longer holds.
///
/// That it has said so shows in what it does next, which is to ask what is applied. Any thread.
final class SnapshotLoading {
    /// It takes an announced one within a tenth of a second, unless that could not be put in place.
    private static final long UNTAKEN_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long LOOK_MILLIS = 100;
    private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(2);

    private enum Phase {
        NONE,
        /// It takes its place, and the updater is told.
        ANNOUNCED,
        LOADING,
        /// The updater may not have noted it yet.
        LOADED
    }

    private volatile Phase phase = Phase.NONE;
    private volatile @Nullable Thread updater;

    /// A snapshot has come and takes its place when this returns.
    ///
    /// @throws IllegalStateException if the one before is not loaded yet: the leader will send another one
    synchronized void announce() {
        long start = System.nanoTime();
        try {
            while (isToWait(System.nanoTime() - start)) {
                wait(LOOK_MILLIS);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted before the snapshot could take its place", interrupted);
        }
        phase = Phase.ANNOUNCED;
    }

    private boolean isToWait(long waitedNanos) {
        if (phase == Phase.NONE) {
            return false;
        }
        if (waitedNanos >= LONGEST_NANOS) {
            throw new IllegalStateException("the snapshot that came before is still being loaded");
        }
        return phase != Phase.ANNOUNCED || waitedNanos < UNTAKEN_NANOS;
    }

    /// By the updater.
    synchronized void begin() {
        phase = Phase.LOADING;
        updater = Thread.currentThread();
    }

    synchronized void end() {
        phase = Phase.LOADED;
    }

    /// What is applied was asked for.
    void asked() {
        if (phase == Phase.LOADED && Thread.currentThread().equals(updater)) {
            giveUp();
        }
    }

    /// Nothing is to be waited for.
    synchronized void giveUp() {
        phase = Phase.NONE;
        notifyAll();
    }
}
