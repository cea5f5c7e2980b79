package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.consensus.Consensus;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Where reads of the catalog stand in the log.
final class ReadPoint {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long LOOK_MILLIS = 2;

    private final Consensus consensus;
    private final Catalog catalog;

    ReadPoint(Consensus consensus, Catalog catalog) {
        this.consensus = consensus;
        this.catalog = catalog;
    }

    /// Waits until the catalog holds all that was committed anywhere before the call.
    ///
    /// @return the index up to which it does; empty without a quorum
    OptionalLong linearizable() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try {
            long index = consensus.readIndex().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            while (catalog.appliedIndex() < index) {
                if (System.nanoTime() - deadline > 0) {
                    return OptionalLong.empty();
                }
                Thread.sleep(LOOK_MILLIS);
            }
            return OptionalLong.of(catalog.appliedIndex());
        } catch (ExecutionException | TimeoutException unheard) {
            return OptionalLong.empty();
        }
    }

    /// Waits unless a local read was asked for.
    OptionalLong index(boolean isLocal) throws InterruptedException {
        return isLocal ? OptionalLong.of(catalog.appliedIndex()) : linearizable();
    }
}
