package dev.lockstep.folder;

import dev.lockstep.model.RelativePath;
import java.nio.ByteBuffer;

/// An open regular file, made by [FolderRoot#openRead] (reading only) or [FolderRoot#createExclusive]. It
/// stays the same file wherever its name goes. Any thread; every position is given, none is kept.
///
/// Every operation throws [FolderException]: [Errno#DEVICE_FAILED] where the disk fails, [Errno#NO_SPACE]; and
/// [IllegalStateException] after [#close()].
public interface FileHandle extends AutoCloseable {
    /// The path the file was opened at.
    RelativePath path();

    /// What the file system says of the open file, whatever its name is now; zero links if it has none left.
    Stamp stamp() throws FolderException;

    /// Reads once into the rest of `target`, up to 64 KiB unless the buffer is direct.
    ///
    /// @return number of bytes, `>= 1`, by which the position moved; -1 at the end of the file; 0 if `target`
    ///     is full
    int read(ByteBuffer target, long offset) throws FolderException;

    /// Writes all of `source` at `offset`. Not durable on return.
    void write(ByteBuffer source, long offset) throws FolderException;

    /// Copies up to `bytes` bytes into an empty file, inside the kernel where that is possible; file systems
    /// that share blocks share them. Holes stay holes. Not durable on return.
    ///
    /// @param target open for writing
    /// @return how many bytes were copied; fewer than `bytes` only because this file ended
    long copyTo(FileHandle target, long bytes) throws FolderException;

    /// Cuts the file off or extends it with zeros.
    void truncate(long sizeBytes) throws FolderException;

    /// @param mode permission bits, 0 to 0777
    void setMode(int mode) throws FolderException;

    /// @param mtimeNanos nanoseconds since 1970; the file system may round it
    void setMtime(long mtimeNanos) throws FolderException;

    /// Makes content and attributes durable; not the name, see [FolderRoot#fsyncDirectory].
    void fsync() throws FolderException;

    /// Makes the content durable, and of the attributes only the size.
    void datasync() throws FolderException;

    /// Whether anyone, this process included, has the file open for writing or mapped shared and writable. For
    /// that a lease is taken and given back at once; who opens the file for writing at that instant waits as
    /// long. Where no lease is given, all processes are looked through, which takes milliseconds.
    ///
    /// @throws FolderException [Errno#PERMISSION] for a foreign file, [Errno#UNSUPPORTED] where there are no
    ///     leases, if there are processes that cannot be looked into either
    /// @throws IllegalStateException if this handle itself is open for writing
    boolean hasOpenWriters() throws FolderException;

    /// From now on the next write through a shared mapping shows in the stamp. A mapped page that was
    /// written to shows no further writes until it is put to disk, so that is what this does. File
    /// systems in memory show none.
    default void exposeMappedWrites() throws FolderException {}

    /// Lets the next reading come from the disk and not from memory, as far as the system does that. Bytes that are
    /// not on the disk yet stay in memory.
    default void forgetCached() throws FolderException {}

    @Override
    void close();
}
