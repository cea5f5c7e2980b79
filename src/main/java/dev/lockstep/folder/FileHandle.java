package dev.lockstep.folder;

import dev.lockstep.model.RelativePath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/// An open regular file, made by [FolderRoot#openRead] (reading only) or [FolderRoot#createExclusive]. It
/// stays the same file wherever its name goes. Any thread; every position is given, none is kept.
///
/// Every operation throws [FolderException]: [Errno#DEVICE_FAILED] where the disk fails, [Errno#NO_SPACE]; and
/// [IllegalStateException] after [#close()].
public final class FileHandle implements AutoCloseable {
    private static final long COPY_BYTES_MAX = 64L << 20;
    private static final int SET_SIGNAL = 10;
    private static final int SET_LEASE = 1024;
    private static final int LEASE_READ = 0;
    private static final int LEASE_NONE = 2;
    private static final int SIGNAL_IGNORED_BY_DEFAULT = 23; // SIGURG

    private final RelativePath path;
    private final ScratchPool scratches;
    private final Descriptor descriptor;

    FileHandle(RelativePath path, ScratchPool scratches, Descriptor descriptor) {
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

    /// The path the file was opened at.
    public RelativePath path() {
        return path;
    }

    /// What the file system says of the open file, whatever its name is now; zero links if it has none left.
    public Stamp stamp() throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            FolderRoot.require(Statx.readOpen(scratch, number), "stat", path);
            return Statx.stamp(scratch.struct());
        } finally {
            give(scratch);
        }
    }

    /// Reads once into the rest of `target`, up to 64 KiB unless the buffer is direct.
    ///
    /// @return number of bytes, `>= 1`, by which the position moved; -1 at the end of the file; 0 if `target`
    ///     is full
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
            int bytes = (int) FolderRoot.require(got, "read", path);
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

    /// Writes all of `source` at `offset`. Not durable on return.
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
        int bytes = (int) FolderRoot.require(put, "write", path);
        source.position(source.position() + bytes);
        return bytes;
    }

    /// Copies up to `bytes` bytes into another file, inside the kernel where that is possible; file systems
    /// that share blocks share them. Not durable on return.
    ///
    /// @param offset       where to begin in this file
    /// @param targetOffset where to begin in `target`, which is open for writing
    /// @return how many bytes were copied; fewer than `bytes` only because this file ended
    public long copyTo(FileHandle target, long offset, long targetOffset, long bytes) throws FolderException {
        int from = descriptor.acquire();
        int to = target.descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            long done = 0;
            boolean isInKernel = true;
            while (done < bytes) {
                long left = bytes - done;
                long step = isInKernel
                        ? copyInKernel(scratch, from, offset + done, to, targetOffset + done, left)
                        : copyThrough(scratch, from, offset + done, target, targetOffset + done, left);
                if (step < 0 && isInKernel) {
                    isInKernel = false;
                } else if (FolderRoot.require(step, "copy", path) == 0) {
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

    /// All of this file into an empty one.
    public long copyTo(FileHandle target) throws FolderException {
        return copyTo(target, 0, 0, Long.MAX_VALUE);
    }

    private static long copyInKernel(Scratch scratch, int from, long offset, int to, long targetOffset, long bytes) {
        MemorySegment offsets = scratch.struct();
        offsets.set(ValueLayout.JAVA_LONG, 0, offset);
        offsets.set(ValueLayout.JAVA_LONG, 8, targetOffset);
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

    private long copyThrough(Scratch scratch, int from, long offset, FileHandle target, long targetOffset, long bytes)
            throws FolderException {
        MemorySegment io = scratch.io();
        long wanted = Math.min(bytes, io.byteSize());
        long got = NativeCalls.call(scratch, SystemCall.PREAD64, from, io.address(), wanted, offset);
        if (got > 0) {
            target.write(io.asSlice(0, got).asByteBuffer(), targetOffset);
        }
        return got;
    }

    /// Cuts the file off or extends it with zeros.
    public void truncate(long sizeBytes) throws FolderException {
        act("truncate", SystemCall.FTRUNCATE, sizeBytes);
    }

    /// @param mode permission bits, 0 to 0777
    public void setMode(int mode) throws FolderException {
        if ((mode & ~0777) != 0) {
            throw new IllegalArgumentException("not permission bits: 0" + Integer.toOctalString(mode));
        }
        act("set mode of", SystemCall.FCHMOD, mode);
    }

    /// @param mtimeNanos nanoseconds since 1970; the file system may round it
    public void setMtime(long mtimeNanos) throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            long times = Statx.putMtime(scratch, mtimeNanos);
            FolderRoot.require(
                    NativeCalls.call(scratch, SystemCall.UTIMENSAT, number, 0, times, 0), "set mtime of", path);
        } finally {
            give(scratch);
        }
    }

    /// Makes content and attributes durable; not the name, see [FolderRoot#fsyncDirectory].
    public void fsync() throws FolderException {
        act("sync", SystemCall.FSYNC, 0);
    }

    /// Makes the content durable, and of the attributes only the size.
    public void datasync() throws FolderException {
        act("sync content of", SystemCall.FDATASYNC, 0);
    }

    /// Whether anyone, this process included, has the file open for writing or mapped shared and writable. For
    /// that a lease is taken and given back at once; who opens the file for writing at that instant waits as
    /// long.
    ///
    /// @throws FolderException [Errno#PERMISSION] for a foreign file, [Errno#UNSUPPORTED] where there are no
    ///     leases
    /// @throws IllegalStateException if this handle itself is open for writing
    public boolean hasOpenWriters() throws FolderException {
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
            FolderRoot.require(leased, "lease", path);
            control(scratch, number, SET_LEASE, LEASE_NONE);
            return false;
        } finally {
            give(scratch);
        }
    }

    private void requireReadOnly(Scratch scratch, int number) throws FolderException {
        int getFlags = 3;
        long flags = NativeCalls.call(scratch, SystemCall.FCNTL, number, getFlags, 0, 0);
        if ((FolderRoot.require(flags, "lease", path) & 3) != 0) {
            throw new IllegalStateException("the handle itself writes: " + path);
        }
    }

    private void control(Scratch scratch, int number, int command, int argument) throws FolderException {
        FolderRoot.require(NativeCalls.call(scratch, SystemCall.FCNTL, number, command, argument, 0), "lease", path);
    }

    private void act(String operation, SystemCall call, long argument) throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            FolderRoot.require(NativeCalls.call(scratch, call, number, argument), operation, path);
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
