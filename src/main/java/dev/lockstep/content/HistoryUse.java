package dev.lockstep.content;

/// What history takes on this node.
///
/// @param count    number of contents
/// @param bytes    of all of them
/// @param isBeyond whether some of it is still to be pruned
public record HistoryUse(long count, long bytes, boolean isBeyond) {}
