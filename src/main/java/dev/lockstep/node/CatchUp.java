package dev.lockstep.node;

import dev.lockstep.consensus.Consensus;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;

/// Finds out when this node knows all that the cluster had committed by the time it started. Until then it calls
/// itself neither ready nor in sync.
final class CatchUp implements AutoCloseable {
    private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration RETRY = Duration.ofMillis(20);
    private static final Duration LOOK = Duration.ofMillis(5);

    private final Consensus consensus;
    private final LongSupplier handledIndex;
    private final Runnable whenDone;
    private volatile boolean isDone;
    private volatile boolean isClosed;

    /// @param handledIndex up to which log index commits were handed to the folder
    /// @param whenDone     called once, on a thread of its own
    CatchUp(Consensus consensus, LongSupplier handledIndex, Runnable whenDone) {
        this.consensus = consensus;
        this.handledIndex = handledIndex;
        this.whenDone = whenDone;
    }

    void start() {
        Thread.ofVirtual().name("catch-up").start(this::run);
    }

    /// Whether it has once, since the start, known everything.
    boolean isDone() {
        return isDone;
    }

    private void run() {
        try {
            while (!isDone && !isClosed) {
                try {
                    long logIndex = consensus.readIndex().get(ANSWER_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
                    awaitHandled(logIndex);
                } catch (ExecutionException | TimeoutException notYet) {
                    Thread.sleep(RETRY);
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitHandled(long logIndex) throws InterruptedException {
        while (!isClosed) {
            if (has(logIndex)) {
                whenDone.run();
                isDone = true;
                return;
            }
            Thread.sleep(LOOK);
        }
    }

    /// The log is asked too: its first entry, index 0, changes nothing in a catalog, and a member with an empty log
    /// does not count as one that could elect another leader.
    private boolean has(long logIndex) {
        return consensus.status().appliedIndex() >= logIndex && handledIndex.getAsLong() >= logIndex;
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
