package dev.lockstep.replica;

/// What is known of a power loss since the last run, or of anything else that took written bytes back.
///
/// @param syncedIndex the log index of the last sync point: what was committed up to there is durable
/// @param beforeNanos nanoseconds since 1970; what changed later was not part of the loss
public record PowerLoss(long syncedIndex, long beforeNanos) {}
