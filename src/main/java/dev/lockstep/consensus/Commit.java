package dev.lockstep.consensus;

import dev.lockstep.model.Bytes;

/// One command that the cluster has agreed on.
///
/// @param logIndex its place in the log, rising, not always by one
/// @param term     the leadership that committed it
/// @param command  as it was offered
public record Commit(long logIndex, long term, Bytes command) {}
