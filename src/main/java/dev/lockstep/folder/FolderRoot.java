package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A directory held open, and everything Lockstep does below it. Nothing outside is ever touched: each operation finds
/// its way from the held directory at that moment, without following a symlink, and acts on the last name without
/// following one.
///
/// Any thread. Nothing is durable on return unless stated.
///
/// Every operation throws [FolderException] with the kernel's reason: [Errno#NOT_FOUND] if the entry or a
/// parent is missing; [Errno#NOT_DIRECTORY] or [Errno#LOOP] if a parent is no directory, a symlink included.
/// [IllegalStateException] after [#close()], or for the root itself where an operation needs a name.
public interface FolderRoot extends AutoCloseable {
    /// Where the root was when it was opened.
    Path location();

    /// Whether [#location()] still leads to the directory held open; false if it was moved, removed, replaced,
    /// or another file system was mounted there or taken away.
    ///
    /// @throws IOException if that cannot be found out
    boolean isInPlace() throws IOException;

    /// What stands at `path`; `null` if nothing does, be it that a parent is missing or no directory.
    @Nullable
    Stamp stat(RelativePath path) throws FolderException;

    /// All records of a directory, in no order.
    ///
    /// @throws FolderException also when reading breaks off in the middle: a list is whole or it is none
    List<DirectoryItem> list(RelativePath directory) throws FolderException;

    /// The target of a symlink, as stored.
    ///
    /// @throws FolderException [Errno#UNSUPPORTED] if the entry is no symlink
    Bytes readlink(RelativePath path) throws FolderException;

    /// Room on the file system of the root.
    FreeSpace freeSpace() throws FolderException;

    /// Opens a regular file for reading. FIFOs, sockets and devices are recognised before they are opened.
    ///
    /// @throws FolderException [Errno#LOOP] for a symlink, [Errno#IS_DIRECTORY], [Errno#NOT_REGULAR]
    FileHandle openRead(RelativePath path) throws FolderException;

    /// Makes a new file, open for reading and writing.
    ///
    /// @param mode permission bits, 0 to 0777, given exactly (no umask)
    /// @throws FolderException [Errno#EXISTS] if the name is taken, by a symlink too
    FileHandle createExclusive(RelativePath path, int mode) throws FolderException;

    /// @param mode permission bits, 0 to 0777, given exactly (no umask); a setgid bit inherited from the
    ///             parent stays
    /// @throws FolderException [Errno#EXISTS]
    void mkdir(RelativePath path, int mode) throws FolderException;

    /// @throws FolderException [Errno#NOT_EMPTY], [Errno#NOT_DIRECTORY], [Errno#BUSY] for a mount point
    void rmdir(RelativePath path) throws FolderException;

    /// Removes a name that is no directory's.
    ///
    /// @throws FolderException [Errno#IS_DIRECTORY]
    void unlink(RelativePath path) throws FolderException;

    /// @param target 1 to 4095 bytes, stored as they are and never looked at
    /// @throws FolderException        [Errno#EXISTS]
    /// @throws IllegalArgumentException if the target has another size or holds a zero byte
    void symlink(Bytes target, RelativePath path) throws FolderException;

    /// Moves an entry, in one atomic step, within this root or into another one of the same sort.
    ///
    /// @throws FolderException [Errno#EXISTS] (mode NO_REPLACE), [Errno#NOT_EMPTY], [Errno#IS_DIRECTORY],
    ///     [Errno#NOT_DIRECTORY], [Errno#OTHER_DEVICE], [Errno#UNSUPPORTED] (a mode the file system lacks, or a
    ///     directory moved into itself)
    void rename(RelativePath source, FolderRoot to, RelativePath target, RenameMode mode) throws FolderException;

    /// Gives a file or symlink a second name, here or in another root of the same sort.
    ///
    /// @throws FolderException [Errno#EXISTS], [Errno#OTHER_DEVICE], [Errno#TOO_MANY_LINKS],
    ///     [Errno#PERMISSION] for a directory or a foreign file
    void link(RelativePath existing, FolderRoot to, RelativePath added) throws FolderException;

    /// Sets the permission bits of a file or directory. Setuid, setgid and sticky bits of a file are cleared,
    /// those of a directory stay.
    ///
    /// @param mode 0 to 0777
    /// @throws FolderException [Errno#LOOP] for a symlink, which has no mode
    void chmod(RelativePath path, int mode) throws FolderException;

    /// Sets the time of the last change of any entry, a symlink's own included. The access time stays.
    ///
    /// @param mtimeNanos nanoseconds since 1970; the file system may round it
    void setMtime(RelativePath path, long mtimeNanos) throws FolderException;

    /// How far apart two changes of a file must be for their [Stamp#ctimeNanos] to differ for certain, if the stamp was
    /// taken in between.
    ///
    /// @param directory in which that is tried out, with a short-lived file
    /// @return nanoseconds; 0 if any two changes differ
    default long clockTickNanos(RelativePath directory) throws FolderException {
        return 0;
    }

    /// Makes everything written to the root's file system so far durable.
    ///
    /// @throws FolderException if any write to that file system failed since the root was opened or the last
    ///     call
    void syncfs() throws FolderException;

    /// Makes the names in a directory durable.
    void fsyncDirectory(RelativePath directory) throws FolderException;

    @Override
    void close();
}
