package dev.lockstep.folder;

import dev.lockstep.model.RelativePath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/// A regular file open on this Linux system.
final class NativeFileHandle implements FileHandle {
    private static final long COPY_BYTES_MAX = 64L << 20;
    private static final int SET_SIGNAL = 10;
    private static final int SET_LEASE = 1024;
    private static final int WRITE_AND_WAIT = 7;
    private static final int LEASE_READ = 0;
    private static final int LEASE_NONE = 2;
    private static final int SIGNAL_IGNORED_BY_DEFAULT = 23; // SIGURG

    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    /// ENXIO, of lseek(2) alone.
    private static final int NO_MORE_DATA = 6;
    private static final int DO_NOT_NEED = 4;

    private final RelativePath path;
    private final ScratchPool scratches;
    private final Descriptor descriptor;

    NativeFileHandle(RelativePath path, ScratchPool scratches, Descriptor descriptor) {
        this.path = path;
        this.scratches = scratches;
        this.descriptor = descriptor;
    }

    /// Opens for reading exactly what `place` stands for, a regular file.
    ///
    /// @return a descriptor, or a negated errno
    static int reopenForReading(Scratch scratch, int place) {
        int flags = OpenFlags.NONBLOCK | OpenFlags.CLOSE_ON_EXEC;
        long self = scratch.putDescriptor(place);
        int number = NativeCalls.openat(scratch, place, self, flags | OpenFlags.NO_ACCESS_TIME, 0);
        boolean isForeign = number < 0 && Errno.of(-number) == Errno.PERMISSION;
        return isForeign ? NativeCalls.openat(scratch, place, self, flags, 0) : number;
    }

    @Override
    public RelativePath path() {
        return path;
    }

    @Override
    public Stamp stamp() throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            NativeFolderRoot.require(Statx.readOpen(scratch, number), "stat", path);
            return Statx.stamp(scratch.struct());
        } finally {
            give(scratch);
        }
    }

    @Override
    public int read(ByteBuffer target, long offset) throws FolderException {
        if (!target.hasRemaining()) {
            return 0;
        }
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            MemorySegment into = target.isDirect() ? MemorySegment.ofBuffer(target) : scratch.io();
            int wanted = (int) Math.min(target.remaining(), into.byteSize());
            long got = NativeCalls.call(scratch, SystemCall.PREAD64, number, into.address(), wanted, offset);
            int bytes = (int) NativeFolderRoot.require(got, "read", path);
            if (target.isDirect()) {
                target.position(target.position() + bytes);
            } else {
                target.put(into.asSlice(0, bytes).asByteBuffer());
            }
            return bytes == 0 ? -1 : bytes;
        } finally {
            Reference.reachabilityFence(target);
            give(scratch);
        }
    }

    @Override
    public void forgetCached() throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            NativeFolderRoot.require(
                    NativeCalls.call(scratch, SystemCall.FADVISE64, number, 0, 0, DO_NOT_NEED), "reread", path);
        } finally {
            give(scratch);
        }
    }

    @Override
    public void write(ByteBuffer source, long offset) throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            long at = offset;
            while (source.hasRemaining()) {
                at += writeOnce(scratch, number, source, at);
            }
        } finally {
            Reference.reachabilityFence(source);
            give(scratch);
        }
    }

    private int writeOnce(Scratch scratch, int number, ByteBuffer source, long offset) throws FolderException {
        MemorySegment from = MemorySegment.ofBuffer(source);
        if (!source.isDirect()) {
            long part = Math.min(from.byteSize(), Scratch.IO_BYTES);
            from = scratch.io().copyFrom(from.asSlice(0, part)).asSlice(0, part);
        }
        long put = NativeCalls.call(scratch, SystemCall.PWRITE64, number, from.address(), from.byteSize(), offset);
        int bytes = (int) NativeFolderRoot.require(put, "write", path);
        source.position(source.position() + bytes);
        return bytes;
    }

    @Override
    public long copyTo(FileHandle other, long bytes) throws FolderException {
        NativeFileHandle target = nativeHandle(other);
        long end = Math.min(bytes, stamp().sizeBytes());
        long at = seek(SEEK_DATA, 0, end);
        while (at < end) {
            long hole = seek(SEEK_HOLE, at, end);
            long done = copyTo(target, at, hole - at);
            if (done < hole - at) {
                return at + done;
            }
            at = seek(SEEK_DATA, hole, end);
        }
        if (target.stamp().sizeBytes() < end) {
            target.truncate(end);
        }
        return end;
    }

    /// The next data or hole at or after the offset, at most `end`, which stands for none.
    private long seek(int what, long offset, long end) throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            long found = NativeCalls.call(scratch, SystemCall.LSEEK, number, offset, what, 0);
            if (found == -NO_MORE_DATA) {
                return end;
            }
            // A file system that does not know: all is data.
            boolean isUnknown = found < 0 && Errno.of((int) -found) == Errno.UNSUPPORTED;
            return isUnknown ? (what == SEEK_DATA ? offset : end) : clamped(found, end);
        } finally {
            give(scratch);
        }
    }

    private long clamped(long found, long end) throws FolderException {
        return Math.min(NativeFolderRoot.require(found, "seek in", path), end);
    }

    private long copyTo(NativeFileHandle target, long offset, long bytes) throws FolderException {
        int from = descriptor.acquire();
        int to = target.descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            long done = 0;
            boolean isInKernel = true;
            while (done < bytes) {
                long left = bytes - done;
                long step = isInKernel
                        ? copyInKernel(scratch, from, to, offset + done, left)
                        : copyThrough(scratch, from, target, offset + done, left);
                if (step < 0 && isInKernel) {
                    isInKernel = false;
                } else if (NativeFolderRoot.require(step, "copy", path) == 0) {
                    break;
                } else {
                    done += step;
                }
            }
            return done;
        } finally {
            target.descriptor.release();
            give(scratch);
        }
    }

    private static NativeFileHandle nativeHandle(FileHandle handle) {
        if (handle instanceof NativeFileHandle isNative) {
            return isNative;
        }
        throw new IllegalArgumentException("a handle of another sort of folder: " + handle);
    }

    private static long copyInKernel(Scratch scratch, int from, int to, long offset, long bytes) {
        MemorySegment offsets = scratch.struct();
        offsets.set(ValueLayout.JAVA_LONG, 0, offset);
        offsets.set(ValueLayout.JAVA_LONG, 8, offset);
        return NativeCalls.call(
                scratch,
                SystemCall.COPY_FILE_RANGE,
                from,
                offsets.address(),
                to,
                offsets.address() + 8,
                Math.min(bytes, COPY_BYTES_MAX),
                0);
    }

    private long copyThrough(Scratch scratch, int from, NativeFileHandle target, long offset, long bytes)
            throws FolderException {
        MemorySegment io = scratch.io();
        long wanted = Math.min(bytes, io.byteSize());
        long got = NativeCalls.call(scratch, SystemCall.PREAD64, from, io.address(), wanted, offset);
        if (got > 0) {
            target.write(io.asSlice(0, got).asByteBuffer(), offset);
        }
        return got;
    }

    @Override
    public void truncate(long sizeBytes) throws FolderException {
        act("truncate", SystemCall.FTRUNCATE, sizeBytes);
    }

    @Override
    public void setMode(int mode) throws FolderException {
        if ((mode & ~0777) != 0) {
            throw new IllegalArgumentException("not permission bits: 0" + Integer.toOctalString(mode));
        }
        act("set mode of", SystemCall.FCHMOD, mode);
    }

    @Override
    public void setMtime(long mtimeNanos) throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            long times = Statx.putMtime(scratch, mtimeNanos);
            NativeFolderRoot.require(
                    NativeCalls.call(scratch, SystemCall.UTIMENSAT, number, 0, times, 0), "set mtime of", path);
        } finally {
            give(scratch);
        }
    }

    @Override
    public void fsync() throws FolderException {
        act("sync", SystemCall.FSYNC, 0);
    }

    @Override
    public void datasync() throws FolderException {
        act("sync content of", SystemCall.FDATASYNC, 0);
    }

    @Override
    public boolean hasOpenWriters() throws FolderException {
        try {
            return breaksLease();
        } catch (FolderException refused) {
            if (refused.errno() != Errno.PERMISSION && refused.errno() != Errno.UNSUPPORTED) {
                throw refused;
            }
            return switch (ProcWriters.of(stamp())) {
                case SOME -> true;
                case NONE -> false;
                case UNKNOWN -> throw refused;
            };
        }
    }

    @Override
    public void exposeMappedWrites() throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            long wholeFile = 0;
            NativeFolderRoot.require(
                    NativeCalls.call(scratch, SystemCall.SYNC_FILE_RANGE, number, 0, wholeFile, WRITE_AND_WAIT),
                    "write out",
                    path);
        } finally {
            give(scratch);
        }
    }

    private boolean breaksLease() throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            requireReadOnly(scratch, number);
            // A broken lease is told by SIGIO unless another signal is chosen, and SIGIO would end the process.
            control(scratch, number, SET_SIGNAL, SIGNAL_IGNORED_BY_DEFAULT);
            long leased = NativeCalls.call(scratch, SystemCall.FCNTL, number, SET_LEASE, LEASE_READ, 0);
            if (leased < 0 && Errno.of((int) -leased) == Errno.TRY_AGAIN) {
                return true;
            }
            NativeFolderRoot.require(leased, "lease", path);
            control(scratch, number, SET_LEASE, LEASE_NONE);
            return false;
        } finally {
            give(scratch);
        }
    }

    private void requireReadOnly(Scratch scratch, int number) throws FolderException {
        int getFlags = 3;
        long flags = NativeCalls.call(scratch, SystemCall.FCNTL, number, getFlags, 0, 0);
        if ((NativeFolderRoot.require(flags, "lease", path) & 3) != 0) {
            throw new IllegalStateException("the handle itself writes: " + path);
        }
    }

    private void control(Scratch scratch, int number, int command, int argument) throws FolderException {
        NativeFolderRoot.require(
                NativeCalls.call(scratch, SystemCall.FCNTL, number, command, argument, 0), "lease", path);
    }

    private void act(String operation, SystemCall call, long argument) throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            NativeFolderRoot.require(NativeCalls.call(scratch, call, number, argument), operation, path);
        } finally {
            give(scratch);
        }
    }

    private void give(Scratch scratch) {
        scratches.give(scratch);
        descriptor.release();
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
