package dev.lockstep.folder;

import java.nio.ByteBuffer;

/// Finds out how fine the clock is by which a file system dates changes. Linux from 6.13 on dates each change that
/// follows a look anew on most file systems; others by a clock that ticks every few milliseconds, some by the second.
final class ClockTick {
    private static final int TRIALS = 16;
    private static final int WRITES_MAX = 20_000;
    /// Of those that count seconds, or even ones.
    private static final long COARSEST_NANOS = 2_000_000_000L;

    private ClockTick() {}

    /// @param file empty, to be written to
    /// @return nanoseconds, as told by [FolderRoot#clockTickNanos]
    static long measure(FileHandle file) throws FolderException {
        int different = 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            different += nextChange(file) > 0 ? 1 : 0;
        }
        return different == TRIALS ? 0 : tick(file);
    }

    /// How much later than the one before the change is dated.
    private static long nextChange(FileHandle file) throws FolderException {
        long before = file.stamp().ctimeNanos();
        file.write(ByteBuffer.wrap(new byte[] {1}), 0);
        return file.stamp().ctimeNanos() - before;
    }

    /// The longer of two ticks in sequence, twice: one may have begun before it was looked at, and clocks are slewed.
    private static long tick(FileHandle file) throws FolderException {
        long longest = 0;
        int ticks = 0;
        for (int i = 0; i < WRITES_MAX && ticks < 2; i++) {
            long later = nextChange(file);
            ticks += later > 0 ? 1 : 0;
            longest = Math.max(longest, later);
        }
        return ticks < 2 ? COARSEST_NANOS : 2 * longest;
    }
}
