package dev.lockstep.simulation;

import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.RelativePath;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// A file of a [SimulatedDisk] as a process has it open.
final class SimulatedFileHandle implements FileHandle {
    private final SimulatedProcess process;
    private final SimulatedDisk disk;
    private final SimulatedDisk.Dentry dentry;
    private final RelativePath path;
    private final boolean isWriting;
    private boolean isClosed;

    SimulatedFileHandle(
            SimulatedProcess process,
            SimulatedDisk disk,
            SimulatedDisk.Dentry dentry,
            RelativePath path,
            boolean isWriting) {
        this.process = process;
        this.disk = disk;
        this.dentry = dentry;
        this.path = path;
        this.isWriting = isWriting;
        disk.opened(dentry.inode, isWriting);
        process.opened(this);
    }

    @Override
    public RelativePath path() {
        return path;
    }

    @Override
    public Stamp stamp() {
        process.looks("fstat", path);
        return dentry.inode.stamp();
    }

    @Override
    public int read(ByteBuffer target, long offset) {
        process.looks("read", path);
        if (!target.hasRemaining()) {
            return 0;
        }
        int left = (int) Math.max(0, dentry.inode.bytes.length - offset);
        if (left == 0) {
            return -1;
        }
        int size = Math.min(left, target.remaining());
        target.put(dentry.inode.bytes, (int) offset, size);
        return size;
    }

    @Override
    public void write(ByteBuffer source, long offset) {
        process.changes("write", path);
        process.ledger().writes(process.machine(), dentry.inode, path);
        int size = source.remaining();
        byte[] bytes = Arrays.copyOf(dentry.inode.bytes, Math.max(dentry.inode.bytes.length, (int) offset + size));
        source.get(bytes, (int) offset, size);
        disk.setBytes(dentry, bytes);
    }

    @Override
    public long copyTo(FileHandle target, long bytes) {
        long copied = Math.min(bytes, dentry.inode.bytes.length);
        ((SimulatedFileHandle) target).write(ByteBuffer.wrap(dentry.inode.bytes, 0, (int) copied), 0);
        return copied;
    }

    @Override
    public void truncate(long sizeBytes) {
        process.changes("truncate", path);
        process.ledger().writes(process.machine(), dentry.inode, path);
        disk.setBytes(dentry, Arrays.copyOf(dentry.inode.bytes, (int) sizeBytes));
    }

    @Override
    public void setMode(int mode) {
        process.changes("fchmod", path);
        disk.setMode(dentry, mode);
    }

    @Override
    public void setMtime(long mtimeNanos) {
        process.changes("futimens", path);
        disk.setMtime(dentry, mtimeNanos);
    }

    @Override
    public void fsync() {
        process.changes("fsync", path);
        disk.durable().sync(dentry.inode);
    }

    @Override
    public void datasync() {
        process.changes("datasync", path);
        disk.durable().sync(dentry.inode);
    }

    @Override
    public boolean hasOpenWriters() {
        process.looks("lease", path);
        return dentry.inode.writers > 0;
    }

    @Override
    public void close() {
        if (!isClosed) {
            isClosed = true;
            process.closed(this);
            disk.closed(dentry, isWriting);
        }
    }
}
