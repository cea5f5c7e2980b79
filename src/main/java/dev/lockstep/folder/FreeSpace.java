package dev.lockstep.folder;

/// Room on a file system.
///
/// @param totalBytes     its size
/// @param availableBytes what ordinary users may still take
/// @param freeInodes     how many more entries fit; 0 also where the file system has no such limit
/// @param totalInodes    how many entries fit altogether; 0 where there is no limit
public record FreeSpace(long totalBytes, long availableBytes, long freeInodes, long totalInodes) {}
