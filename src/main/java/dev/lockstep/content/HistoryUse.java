package dev.lockstep.content;

/// What history takes on this node.
///
/// @param count    number of contents
/// @param bytes    of all of them
/// @param isUnfinished whether more of it is to be pruned, which would have taken too long at once
public record HistoryUse(long count, long bytes, boolean isUnfinished) {}
