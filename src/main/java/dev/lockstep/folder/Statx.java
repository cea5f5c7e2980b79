package dev.lockstep.folder;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Reads `struct statx` (statx(2)), which is the same on every architecture.
final class Statx {
    /// Look at the descriptor itself, the path being empty.
    static final int EMPTY_PATH = 0x1000;

    static final int NO_FOLLOW = 0x100;

    private static final int BASIC_AND_BIRTH = 0x7ff | 0x800;
    private static final int BIRTH = 0x800;
    private static final long NANOS = 1_000_000_000L;

    private Statx() {}

    /// Fills [Scratch#struct()].
    static int read(Scratch scratch, int directory, long path) {
        return (int) NativeCalls.call(
                scratch,
                SystemCall.STATX,
                directory,
                path,
                NO_FOLLOW,
                BASIC_AND_BIRTH,
                scratch.struct().address(),
                0);
    }

    /// Fills [Scratch#struct()] from an open descriptor; overwrites [Scratch#path()].
    static int readOpen(Scratch scratch, int descriptor) {
        scratch.path().set(ValueLayout.JAVA_BYTE, 0, (byte) 0);
        return (int) NativeCalls.call(
                scratch,
                SystemCall.STATX,
                descriptor,
                scratch.path().address(),
                EMPTY_PATH | NO_FOLLOW,
                BASIC_AND_BIRTH,
                scratch.struct().address(),
                0);
    }

    static Stamp stamp(MemorySegment statx) {
        int mode = statx.get(ValueLayout.JAVA_SHORT, 28) & 0xffff;
        boolean hasBirth = (statx.get(ValueLayout.JAVA_INT, 0) & BIRTH) != 0;
        long device = Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, 136)) << 32
                | Integer.toUnsignedLong(statx.get(ValueLayout.JAVA_INT, 140));
        return new Stamp(
                Kind.ofMode(mode),
                device,
                statx.get(ValueLayout.JAVA_LONG, 32),
                hasBirth ? nanosAt(statx, 80) : 0,
                statx.get(ValueLayout.JAVA_LONG, 40),
                nanosAt(statx, 112),
                nanosAt(statx, 96),
                mode & 07777,
                statx.get(ValueLayout.JAVA_INT, 16),
                statx.get(ValueLayout.JAVA_INT, 20));
    }

    private static long nanosAt(MemorySegment statx, long offset) {
        return nanos(statx.get(ValueLayout.JAVA_LONG, offset), statx.get(ValueLayout.JAVA_INT, offset + 8));
    }

    static long nanos(long seconds, int nanosOfSecond) {
        if (seconds > Long.MAX_VALUE / NANOS - 1) {
            return Long.MAX_VALUE;
        }
        if (seconds < Long.MIN_VALUE / NANOS + 1) {
            return Long.MIN_VALUE;
        }
        return seconds * NANOS + nanosOfSecond;
    }

    /// Lays down two `struct timespec` for utimensat(2): access time left alone, then `mtimeNanos`.
    static long putMtime(Scratch scratch, long mtimeNanos) {
        MemorySegment times = scratch.struct();
        times.set(ValueLayout.JAVA_LONG, 0, 0);
        times.set(ValueLayout.JAVA_LONG, 8, 0x3ffffffe); // UTIME_OMIT
        times.set(ValueLayout.JAVA_LONG, 16, Math.floorDiv(mtimeNanos, NANOS));
        times.set(ValueLayout.JAVA_LONG, 24, Math.floorMod(mtimeNanos, NANOS));
        return times.address();
    }
}
