package dev.lockstep.consensus.ratis;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Lets a snapshot from the leader take its place only when the one before is loaded. The updater of Ratis 3.3.0 ends
/// loading with the words that nothing is to be loaded, also when another one has come meanwhile: that was forgotten,
/// and the node waited for ever for entries that its log no longer holds.
///
/// That it has said so shows in what it does next: it applies an entry, or asks what is applied. Any thread.
final class SnapshotLoading {
    /// It takes an announced one as soon as it has applied an entry, unless that could not be put in place.
    private static final long UNTAKEN_NANOS = TimeUnit.SECONDS.toNanos(10);
    /// The leader gives up after 24 seconds and sends again.
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long LOOK_MILLIS = 100;

    private enum Phase {
        NONE,
        /// It takes its place, and the updater is told.
        ANNOUNCED,
        LOADING,
        /// The updater may not have noted it yet.
        LOADED,
        /// Nothing is loaded any more.
        CLOSED
    }

    private volatile Phase phase = Phase.NONE;
    private volatile @Nullable Thread updater;

    /// A snapshot has come and takes its place when this returns.
    ///
    /// @throws IllegalStateException if that must not be: the leader will send another one
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
        return switch (phase) {
            case NONE -> false;
            case ANNOUNCED -> waitedNanos < UNTAKEN_NANOS;
            case LOADING, LOADED -> {
                if (waitedNanos >= LONGEST_NANOS) {
                    throw new IllegalStateException("the snapshot that came before is still being loaded");
                }
                yield true;
            }
            case CLOSED -> throw new IllegalStateException("no snapshot is loaded any more");
        };
    }

    /// By the updater.
    synchronized void begin() {
        updater = Thread.currentThread();
        change(Phase.ANNOUNCED, Phase.LOADING);
    }

    synchronized void end() {
        change(Phase.LOADING, Phase.LOADED);
    }

    /// Something is applied, or it was asked what is.
    void goesOn() {
        if (phase == Phase.LOADED && Thread.currentThread().equals(updater)) {
            change(Phase.LOADED, Phase.NONE);
        }
    }

    private synchronized void change(Phase from, Phase to) {
        if (phase == from) {
            phase = to;
            notifyAll();
        }
    }

    /// Whoever waits gets an exception.
    synchronized void close() {
        phase = Phase.CLOSED;
        notifyAll();
    }
}
