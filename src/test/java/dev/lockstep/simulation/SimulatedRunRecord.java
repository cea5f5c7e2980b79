package dev.lockstep.simulation;

import dev.lockstep.replica.PowerLoss;
import dev.lockstep.replica.PreviousRun;
import java.time.Duration;
import java.util.Optional;

/// What the state directory remembers of the last run, as production's record of it does. Durable at once.
final class SimulatedRunRecord {
    private static final Duration MARGIN = Duration.ofMinutes(1);

    private boolean isFirst = true;
    private boolean hasBooted;
    private boolean isRecovering;
    private long bootNanos;
    private long syncedIndex;
    private long syncedNanos;

    /// The machine is up again after a power loss.
    ///
    /// @param nowNanos since 1970
    void booted(long nowNanos) {
        hasBooted = true;
        bootNanos = nowNanos;
    }

    /// A run begins.
    ///
    /// @param nowNanos since 1970
    PreviousRun begin(long nowNanos) {
        boolean wasKilled = !isFirst;
        isRecovering |= hasBooted && !isFirst;
        long beforeNanos = hasBooted ? bootNanos : nowNanos;
        isFirst = false;
        hasBooted = false;
        Optional<PowerLoss> loss =
                isRecovering ? Optional.of(new PowerLoss(syncedIndex, beforeNanos)) : Optional.empty();
        return new PreviousRun(syncedIndex, wasKilled, loss);
    }

    void synced(long logIndex, long nowNanos) {
        syncedIndex = logIndex;
        syncedNanos = nowNanos;
        isRecovering = false;
    }

    /// @return nanoseconds since 1970: what was written before then is durable
    long durableNanos() {
        return syncedNanos - MARGIN.toNanos();
    }
}
