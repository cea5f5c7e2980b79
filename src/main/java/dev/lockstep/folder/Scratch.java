package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Native memory for the arguments of one call at a time. Used by one thread between [ScratchPool#take] and
/// [ScratchPool#give]; freed by the garbage collector.
final class Scratch {
    /// Longest text one call takes, its final zero counted (`PATH_MAX`).
    static final int PATH_BYTES_MAX = 4096;

    static final int IO_BYTES = 64 * 1024;
    private static final int STRUCT_BYTES = 256;

    private final Arena arena = Arena.ofAuto();
    private final MemorySegment errno = arena.allocate(NativeCalls.CAPTURE);
    private final MemorySegment path = arena.allocate(PATH_BYTES_MAX + 8L, 8);
    private final MemorySegment struct = arena.allocate(STRUCT_BYTES, 8);
    private @Nullable MemorySegment io;

    MemorySegment errno() {
        return errno;
    }

    /// Room for a structure or numbers.
    MemorySegment struct() {
        return struct;
    }

    MemorySegment path() {
        return path;
    }

    /// Room for content or directory records, made at first use.
    MemorySegment io() {
        MemorySegment made = io;
        if (made == null) {
            made = arena.allocate(IO_BYTES, 8);
            io = made;
        }
        return made;
    }

    /// Lays down `names[from..to)` joined by `/`, or `.` if there are none, ended by a zero.
    ///
    /// @return the address
    long put(List<Name> names, int from, int to) {
        long at = 0;
        for (int i = from; i < to; i++) {
            if (i > from) {
                path.set(ValueLayout.JAVA_BYTE, at++, (byte) '/');
            }
            byte[] name = names.get(i).bytes().unsafeArray();
            MemorySegment.copy(name, 0, path, ValueLayout.JAVA_BYTE, at, name.length);
            at += name.length;
        }
        if (at == 0) {
            path.set(ValueLayout.JAVA_BYTE, at++, (byte) '.');
        }
        path.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
        return path.address();
    }

    /// Where the chunk that begins at `from` ends so that it still fits one call.
    static int chunkEnd(List<Name> names, int from) {
        int bytes = 0;
        int end = from;
        while (end < names.size()) {
            bytes += names.get(end).bytes().size() + 1;
            if (bytes > PATH_BYTES_MAX) {
                break;
            }
            end++;
        }
        return end;
    }

    long put(Name name) {
        return putText(path, name.bytes());
    }

    /// @param text at most `PATH_BYTES_MAX - 1` bytes
    long put(Bytes text) {
        return putText(path, text);
    }

    /// A text beside the one in [#path()].
    long putSecond(Bytes text) {
        return putText(io(), text);
    }

    /// The kernel's own name of an open descriptor, which leads to exactly what is open.
    long putDescriptor(int descriptor) {
        return put(Bytes.utf8("/proc/self/fd/" + descriptor));
    }

    private static long putText(MemorySegment target, Bytes text) {
        byte[] array = text.unsafeArray();
        MemorySegment.copy(array, 0, target, ValueLayout.JAVA_BYTE, 0, array.length);
        target.set(ValueLayout.JAVA_BYTE, array.length, (byte) 0);
        return target.address();
    }
}
