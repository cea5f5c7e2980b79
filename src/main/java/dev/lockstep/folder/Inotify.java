package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// An inotify instance of the kernel, see inotify(7). [#read] is called by one thread; the rest by any.
public final class Inotify implements AutoCloseable {
    public static final int MODIFY = 0x2;
    public static final int ATTRIB = 0x4;
    public static final int CLOSE_WRITE = 0x8;
    public static final int MOVED_FROM = 0x40;
    public static final int MOVED_TO = 0x80;
    public static final int CREATE = 0x100;
    public static final int DELETE = 0x200;
    public static final int DELETE_SELF = 0x400;
    public static final int MOVE_SELF = 0x800;
    public static final int UNMOUNT = 0x2000;
    public static final int OVERFLOW = 0x4000;
    public static final int IGNORED = 0x8000;
    public static final int IS_DIRECTORY = 0x40000000;

    /// EBADF.
    private static final int BAD_DESCRIPTOR = 9;
    private static final int ONLY_DIRECTORY = 0x01000000;
    private static final int EXCEPT_UNLINKED = 0x04000000;
    private static final int MASK = MODIFY
            | ATTRIB
            | CLOSE_WRITE
            | MOVED_FROM
            | MOVED_TO
            | CREATE
            | DELETE
            | DELETE_SELF
            | MOVE_SELF
            | ONLY_DIRECTORY
            | EXCEPT_UNLINKED;
    private static final short POLL_IN = 1;
    private static final int EVENT_BYTES = 16;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /// @param watch  what [#addWatch] returned; -1 for an overflow
    /// @param mask   of the constants above
    /// @param cookie pairs the two halves of a rename
    /// @param name   in the watched directory; empty for an event of the directory itself
    public record Event(int watch, int mask, int cookie, Bytes name) {
        public boolean is(int bit) {
            return (mask & bit) != 0;
        }
    }

    private final ScratchPool scratches = new ScratchPool();
    private final Descriptor events;
    private final Descriptor wake;

    private Inotify(Descriptor events, Descriptor wake) {
        this.events = events;
        this.wake = wake;
    }

    /// @throws FolderException [Errno#TOO_MANY_OPEN] if there are no instances left
    public static Inotify open() throws FolderException {
        ScratchPool pool = new ScratchPool();
        Scratch scratch = pool.take();
        int flags = OpenFlags.CLOSE_ON_EXEC | OpenFlags.NONBLOCK;
        long events = NativeCalls.call(scratch, SystemCall.INOTIFY_INIT1, flags);
        NativeFolderRoot.require(events, "watch", "inotify");
        long wake = NativeCalls.call(scratch, SystemCall.EVENTFD2, 0, flags);
        NativeFolderRoot.require(wake, "watch", "eventfd");
        pool.give(scratch);
        return new Inotify(new Descriptor((int) events, "inotify", pool), new Descriptor((int) wake, "eventfd", pool));
    }

    /// Watches an open directory, wherever it is moved.
    ///
    /// @return the watch; the one it has already if it is watched
    /// @throws FolderException [Errno#NO_SPACE] if there are no watches left
    public int addWatch(DirectoryHandle directory) throws FolderException {
        int number = directory.descriptor().acquire();
        try {
            return addWatch(Bytes.utf8("/proc/self/fd/" + number), directory.path());
        } finally {
            directory.descriptor().release();
        }
    }

    public int addWatch(Path directory) throws FolderException {
        return addWatch(PathBytes.of(directory.toAbsolutePath()), directory);
    }

    private int addWatch(Bytes path, Object shown) throws FolderException {
        int number = events.acquire();
        Scratch scratch = scratches.take();
        try {
            long watch = NativeCalls.call(scratch, SystemCall.INOTIFY_ADD_WATCH, number, scratch.put(path), MASK, 0);
            return (int) NativeFolderRoot.require(watch, "watch", shown);
        } finally {
            scratches.give(scratch);
            events.release();
        }
    }

    public void removeWatch(int watch) {
        int number = events.acquire();
        Scratch scratch = scratches.take();
        try {
            // It may be gone already, with its directory.
            long _ = NativeCalls.call(scratch, SystemCall.INOTIFY_RM_WATCH, number, watch);
        } finally {
            scratches.give(scratch);
            events.release();
        }
    }

    /// Waits for events.
    ///
    /// @param timeoutNanos 0 or less waits for ever
    /// @return what is there, in order; nothing on time-out or after [#wake]
    public List<Event> read(long timeoutNanos) throws FolderException {
        int number = events.acquire();
        int waker = wake.acquire();
        Scratch scratch = scratches.take();
        try {
            poll(scratch, number, waker, timeoutNanos);
            long bytes = NativeCalls.call(
                    scratch, SystemCall.READ, number, scratch.io().address(), Scratch.IO_BYTES, 0);
            if (bytes < 0 && Errno.of((int) -bytes) == Errno.TRY_AGAIN) {
                return List.of();
            }
            // An instance never ends: what reads as ended is none any more.
            NativeFolderRoot.require(bytes == 0 ? -BAD_DESCRIPTOR : bytes, "read", "inotify");
            return decode(scratch.io(), bytes);
        } finally {
            scratches.give(scratch);
            wake.release();
            events.release();
        }
    }

    private static void poll(Scratch scratch, int number, int waker, long timeoutNanos) throws FolderException {
        MemorySegment struct = scratch.struct();
        struct.set(ValueLayout.JAVA_INT, 0, number);
        struct.set(ValueLayout.JAVA_SHORT, 4, POLL_IN);
        struct.set(ValueLayout.JAVA_SHORT, 6, (short) 0);
        struct.set(ValueLayout.JAVA_INT, 8, waker);
        struct.set(ValueLayout.JAVA_SHORT, 12, POLL_IN);
        struct.set(ValueLayout.JAVA_SHORT, 14, (short) 0);
        struct.set(ValueLayout.JAVA_LONG, 16, timeoutNanos / NANOS_PER_SECOND);
        struct.set(ValueLayout.JAVA_LONG, 24, timeoutNanos % NANOS_PER_SECOND);
        long timeout = timeoutNanos > 0 ? struct.address() + 16 : 0;
        long ready = NativeCalls.call(scratch, SystemCall.PPOLL, struct.address(), 2, timeout, 0);
        NativeFolderRoot.require(ready, "wait for events", "inotify");
    }

    private static List<Event> decode(MemorySegment buffer, long bytes) {
        List<Event> decoded = new ArrayList<>();
        long at = 0;
        while (at < bytes) {
            int length = buffer.get(ValueLayout.JAVA_INT, at + 12);
            long start = at + EVENT_BYTES;
            int size = 0;
            while (size < length && buffer.get(ValueLayout.JAVA_BYTE, start + size) != 0) {
                size++;
            }
            byte[] name = new byte[size];
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, start, name, 0, size);
            decoded.add(new Event(
                    buffer.get(ValueLayout.JAVA_INT, at),
                    buffer.get(ValueLayout.JAVA_INT, at + 4),
                    buffer.get(ValueLayout.JAVA_INT, at + 8),
                    Bytes.wrap(name)));
            at = start + length;
        }
        return decoded;
    }

    /// Ends a [#read] that waits.
    public void wake() {
        int number = wake.acquire();
        Scratch scratch = scratches.take();
        try {
            scratch.struct().set(ValueLayout.JAVA_LONG, 0, 1L);
            long _ = NativeCalls.call(
                    scratch, SystemCall.WRITE, number, scratch.struct().address(), Long.BYTES, 0);
        } finally {
            scratches.give(scratch);
            wake.release();
        }
    }

    @Override
    public void close() {
        events.close();
        wake.close();
    }
}
