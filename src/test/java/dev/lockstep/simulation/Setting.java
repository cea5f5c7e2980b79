package dev.lockstep.simulation;

/// What holds for a whole run.
///
/// @param seed               of everything random that is not in the script
/// @param machines           how many there are, 3 to 5
/// @param tickNanos          of the file systems' stamps
/// @param reusesInodeNumbers whether a new file may get the inode number of one that is gone
/// @param snapshotEvery      entries of the log after which it is cut, [Long#MAX_VALUE] for never
/// @param lagNanosMax        longest time a process takes to begin with what it was handed
/// @param hasLateWriters     whether programs write to files that were replaced while they had them open
record Setting(
        long seed,
        int machines,
        long tickNanos,
        boolean reusesInodeNumbers,
        long snapshotEvery,
        long lagNanosMax,
        boolean hasLateWriters) {}
