package dev.lockstep.replica;

import java.util.Optional;

/// How the run before this one ended.
///
/// @param syncedIndex the log index of its last sync point, 0 if there was none
/// @param wasKilled   whether it ended without having recorded all that it knew
/// @param powerLoss   what is known of a power loss since, if there was one
public record PreviousRun(long syncedIndex, boolean wasKilled, Optional<PowerLoss> powerLoss) {
    /// There was none.
    public static final PreviousRun NONE = new PreviousRun(0, false, Optional.empty());
}
