package dev.lockstep.catalog;

/// How much history the catalog remembers. Part of what all nodes must agree on: what is forgotten is decided
/// from the log alone.
///
/// @param perEntryMax superseded records of one entry; beyond it the oldest of the entry goes
/// @param perPathMax  deleted entries remembered for one path; beyond it the one deleted first goes
/// @param totalMax    superseded records of all entries; beyond it what was superseded first goes
record HistoryLimits(int perEntryMax, int perPathMax, int totalMax) {
    static final HistoryLimits DEFAULT = new HistoryLimits(1_000, 100, 100_000);

    /// A deleted entry whose path is longer is forgotten at once.
    static final int PATH_BYTES_MAX = 4095;

    HistoryLimits {
        if (perEntryMax < 1 || perPathMax < 1 || totalMax < 1) {
            throw new IllegalArgumentException("history without room");
        }
    }
}
