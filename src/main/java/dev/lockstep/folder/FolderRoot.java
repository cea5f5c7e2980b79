package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A directory held open, and everything Lockstep does below it. Each operation walks from the held descriptor
/// to the parent of its path, at that moment and without following a symlink, and then acts on the last name
/// without following one: nothing outside is ever touched, whatever other programs move meanwhile.
///
/// Any thread. A call blocks its platform thread, or the carrier of its virtual thread, for as long as the
/// disk takes: give syncs and large copies a platform thread. Nothing is durable on return unless stated.
///
/// Every operation throws [FolderException] with the kernel's reason: [Errno#NOT_FOUND] if the entry or a
/// parent is missing; [Errno#NOT_DIRECTORY] or [Errno#LOOP] if a parent is no directory, a symlink included.
/// [IllegalStateException] after [#close()], or for the root itself where an operation needs a name.
public final class FolderRoot implements AutoCloseable {
    private static final int REMOVE_DIRECTORY = 0x200;
    private static final int WORKING_DIRECTORY = -100;
    private static final int PERMISSION_BITS = 0777;

    private final Path location;
    private final ScratchPool scratches;
    private final Descriptor descriptor;
    private final Descent descent;

    private FolderRoot(Path location, ScratchPool scratches, Descriptor descriptor, Descent descent) {
        this.location = location;
        this.scratches = scratches;
        this.descriptor = descriptor;
        this.descent = descent;
    }

    /// Opens an existing directory. Symlinks in `dir` itself are followed, once, now.
    ///
    /// @throws FolderException [Errno#NOT_FOUND], [Errno#NOT_DIRECTORY], [Errno#PERMISSION]
    public static FolderRoot open(Path dir) throws FolderException {
        return open(dir, true);
    }

    /// @param isKernelWalking false takes the way for kernels without openat2(2)
    static FolderRoot open(Path dir, boolean isKernelWalking) throws FolderException {
        ScratchPool scratches = new ScratchPool();
        Scratch scratch = scratches.take();
        int flags = OpenFlags.DIRECTORY | OpenFlags.CLOSE_ON_EXEC;
        long path = scratch.put(PathBytes.of(dir.toAbsolutePath()));
        int number = NativeCalls.openat(scratch, WORKING_DIRECTORY, path, flags, 0);
        if (number < 0) {
            throw FolderException.of(-number, "open folder", dir);
        }
        Descent descent = isKernelWalking ? Descent.on(scratch, number) : Descent.componentWise();
        scratches.give(scratch);
        return new FolderRoot(dir, scratches, new Descriptor(number, dir.toString(), scratches), descent);
    }

    /// Where the root was when it was opened.
    public Path location() {
        return location;
    }

    /// Whether [#location()] still leads to the directory held open; false if it was moved, removed, replaced,
    /// or another file system was mounted there or taken away.
    ///
    /// @throws IOException if that cannot be found out
    public boolean isInPlace() throws IOException {
        if (!Files.isDirectory(location)) {
            return false;
        }
        try (FolderRoot now = open(location)) {
            return now.stampOfRoot().isSameInode(stampOfRoot());
        } catch (FolderException gone) {
            if (gone.errno() == Errno.NOT_FOUND || gone.errno() == Errno.NOT_DIRECTORY) {
                return false;
            }
            throw gone;
        }
    }

    private Stamp stampOfRoot() throws FolderException {
        Stamp stamp = stat(RelativePath.ROOT);
        if (stamp == null) {
            throw FolderException.of(Errno.NOT_FOUND, "stat", location);
        }
        return stamp;
    }

    // --- looking ---

    /// What stands at `path`; `null` if nothing does, be it that a parent is missing or no directory.
    public @Nullable Stamp stat(RelativePath path) throws FolderException {
        return this.<@Nullable Stamp>within(scratch -> {
            int result = path.isRoot()
                    ? Statx.readOpen(scratch, descriptor.held())
                    : (int) atParent(scratch, path, parent -> Statx.read(scratch, parent, scratch.put(path.name())));
            if (result >= 0) {
                return Statx.stamp(scratch.struct());
            }
            if (isAbsence(Errno.of(-result))) {
                return null;
            }
            throw FolderException.of(-result, "stat", path);
        });
    }

    private static boolean isAbsence(Errno errno) {
        return errno == Errno.NOT_FOUND || errno == Errno.NOT_DIRECTORY || errno == Errno.LOOP;
    }

    /// All records of a directory, in no order.
    ///
    /// @throws FolderException also when reading breaks off in the middle: a list is whole or it is none
    public List<DirectoryItem> list(RelativePath directory) throws FolderException {
        try (DirectoryHandle handle = openDirectory(directory)) {
            return handle.list();
        }
    }

    /// Opens a directory for listing, watching and syncing.
    public DirectoryHandle openDirectory(RelativePath directory) throws FolderException {
        return within(scratch -> {
            int number = open(scratch, directory, OpenFlags.READ_DIRECTORY, 0);
            require(number, "open directory", directory);
            return new DirectoryHandle(directory, scratches, new Descriptor(number, directory.toString(), scratches));
        });
    }

    /// The target of a symlink, as stored.
    ///
    /// @throws FolderException [Errno#UNSUPPORTED] if the entry is no symlink
    public Bytes readlink(RelativePath path) throws FolderException {
        return within(scratch -> {
            MemorySegment target = scratch.io();
            long size = atParent(
                    scratch,
                    path,
                    parent -> NativeCalls.call(
                            scratch,
                            SystemCall.READLINKAT,
                            parent,
                            scratch.put(path.name()),
                            target.address(),
                            Scratch.PATH_BYTES_MAX));
            require(size, "read symlink", path);
            return Bytes.wrap(target.asSlice(0, size).toArray(ValueLayout.JAVA_BYTE));
        });
    }

    /// Room on the file system of the root.
    public FreeSpace freeSpace() throws FolderException {
        return within(scratch -> {
            MemorySegment statfs = scratch.struct();
            require(
                    NativeCalls.call(scratch, SystemCall.FSTATFS, descriptor.held(), statfs.address()),
                    "measure space of",
                    RelativePath.ROOT);
            long blockBytes = statfs.get(ValueLayout.JAVA_LONG, 72);
            return new FreeSpace(
                    statfs.get(ValueLayout.JAVA_LONG, 16) * blockBytes,
                    statfs.get(ValueLayout.JAVA_LONG, 32) * blockBytes,
                    statfs.get(ValueLayout.JAVA_LONG, 48),
                    statfs.get(ValueLayout.JAVA_LONG, 40));
        });
    }

    // --- files ---

    /// Opens a regular file for reading. FIFOs, sockets and devices are recognised before they are opened.
    ///
    /// @throws FolderException [Errno#LOOP] for a symlink, [Errno#IS_DIRECTORY], [Errno#NOT_REGULAR]
    public FileHandle openRead(RelativePath path) throws FolderException {
        return within(scratch -> {
            int place = open(scratch, path, OpenFlags.PLACE, 0);
            require(place, "open", path);
            try {
                requireRegular(scratch, place, path);
                int number = FileHandle.reopenForReading(scratch, place);
                require(number, "open", path);
                return new FileHandle(path, scratches, new Descriptor(number, path.toString(), scratches));
            } finally {
                NativeCalls.close(scratch, place);
            }
        });
    }

    private static void requireRegular(Scratch scratch, int place, RelativePath path) throws FolderException {
        require(Statx.readOpen(scratch, place), "stat", path);
        switch (Statx.stamp(scratch.struct()).kind()) {
            case FILE -> {}
            case DIRECTORY -> throw FolderException.of(Errno.IS_DIRECTORY, "open", path);
            case SYMLINK -> throw FolderException.of(Errno.LOOP, "open", path);
            case SPECIAL -> throw FolderException.of(Errno.NOT_REGULAR, "open", path);
        }
    }

    /// Makes a new file, open for reading and writing.
    ///
    /// @param mode permission bits, 0 to 0777, given exactly (no umask)
    /// @throws FolderException [Errno#EXISTS] if the name is taken, by a symlink too
    public FileHandle createExclusive(RelativePath path, int mode) throws FolderException {
        requirePermissionBits(mode);
        requireNamed(path);
        int flags = OpenFlags.READ_WRITE
                | OpenFlags.CREATE
                | OpenFlags.EXCLUSIVE
                | OpenFlags.NO_FOLLOW
                | OpenFlags.CLOSE_ON_EXEC;
        return within(scratch -> {
            int number = open(scratch, path, flags, 0600);
            require(number, "create", path);
            Descriptor file = new Descriptor(number, path.toString(), scratches);
            long done = mode == 0600 ? 0 : NativeCalls.call(scratch, SystemCall.FCHMOD, number, mode);
            if (done < 0) {
                file.close();
            }
            require(done, "set mode of", path);
            return new FileHandle(path, scratches, file);
        });
    }

    // --- names ---

    /// @param mode permission bits, 0 to 0777, given exactly (no umask); a setgid bit inherited from the
    ///             parent stays
    /// @throws FolderException [Errno#EXISTS]
    public void mkdir(RelativePath path, int mode) throws FolderException {
        requirePermissionBits(mode);
        act(
                "make directory",
                path,
                (scratch, parent) -> NativeCalls.call(
                        scratch, SystemCall.MKDIRAT, parent, scratch.put(path.name()), mode & 0700, 0));
        if (mode != (mode & 0700)) {
            chmod(path, mode);
        }
    }

    /// @throws FolderException [Errno#NOT_EMPTY], [Errno#NOT_DIRECTORY], [Errno#BUSY] for a mount point
    public void rmdir(RelativePath path) throws FolderException {
        act(
                "remove directory",
                path,
                (scratch, parent) -> NativeCalls.call(
                        scratch, SystemCall.UNLINKAT, parent, scratch.put(path.name()), REMOVE_DIRECTORY, 0));
    }

    /// Removes a name that is no directory's.
    ///
    /// @throws FolderException [Errno#IS_DIRECTORY]
    public void unlink(RelativePath path) throws FolderException {
        act(
                "remove",
                path,
                (scratch, parent) ->
                        NativeCalls.call(scratch, SystemCall.UNLINKAT, parent, scratch.put(path.name()), 0, 0));
    }

    /// @param target 1 to 4095 bytes, stored as they are and never looked at
    /// @throws FolderException        [Errno#EXISTS]
    /// @throws IllegalArgumentException if the target has another size or holds a zero byte
    public void symlink(Bytes target, RelativePath path) throws FolderException {
        requireLinkTarget(target);
        act(
                "make symlink",
                path,
                (scratch, parent) -> NativeCalls.call(
                        scratch, SystemCall.SYMLINKAT, scratch.putSecond(target), parent, scratch.put(path.name()), 0));
    }

    /// Moves an entry, in one atomic step, within a root or across two.
    ///
    /// @throws FolderException [Errno#EXISTS] (mode NO_REPLACE), [Errno#NOT_EMPTY], [Errno#IS_DIRECTORY],
    ///     [Errno#NOT_DIRECTORY], [Errno#OTHER_DEVICE], [Errno#UNSUPPORTED] (a mode the file system lacks, or a
    ///     directory moved into itself)
    public static void rename(FolderRoot from, RelativePath source, FolderRoot to, RelativePath target, RenameMode mode)
            throws FolderException {
        actOnTwo("rename", SystemCall.RENAMEAT2, from, source, to, target, mode.flags());
    }

    /// Gives a file or symlink a second name.
    ///
    /// @throws FolderException [Errno#EXISTS], [Errno#OTHER_DEVICE], [Errno#TOO_MANY_LINKS],
    ///     [Errno#PERMISSION] for a directory or a foreign file
    public static void link(FolderRoot from, RelativePath existing, FolderRoot to, RelativePath added)
            throws FolderException {
        actOnTwo("link", SystemCall.LINKAT, from, existing, to, added, 0);
    }

    /// Tries, with two short-lived files in `staging` of root `state`, whether every [RenameMode] works from
    /// there into `folder`. Nothing appears in `folder`.
    public static RenameSupport renameSupport(FolderRoot state, RelativePath staging, FolderRoot folder)
            throws FolderException {
        String unique = Long.toHexString(System.nanoTime());
        RelativePath first = staging.child(Name.of("probe-a-" + unique));
        RelativePath second = staging.child(Name.of("probe-b-" + unique));
        try {
            // The kernel compares the mounts before it looks for the entry, which does not exist.
            rename(state, first, folder, new RelativePath(List.of(first.name())), RenameMode.NO_REPLACE);
            return RenameSupport.MODES_MISSING;
        } catch (FolderException refused) {
            if (refused.errno() != Errno.NOT_FOUND) {
                return refused.errno() == Errno.OTHER_DEVICE ? RenameSupport.OTHER_DEVICE : RenameSupport.MODES_MISSING;
            }
        }
        return state.triesModes(first, second) ? RenameSupport.FULL : RenameSupport.MODES_MISSING;
    }

    private boolean triesModes(RelativePath first, RelativePath second) throws FolderException {
        createExclusive(first, 0600).close();
        try {
            rename(this, first, this, second, RenameMode.NO_REPLACE);
            createExclusive(first, 0600).close();
            rename(this, first, this, second, RenameMode.EXCHANGE);
            return true;
        } catch (FolderException refused) {
            return false;
        } finally {
            removeProbe(first);
            removeProbe(second);
        }
    }

    private void removeProbe(RelativePath probe) throws FolderException {
        if (stat(probe) != null) {
            unlink(probe);
        }
    }

    // --- attributes ---

    /// Sets the permission bits of a file or directory. Setuid, setgid and sticky bits of a file are cleared,
    /// those of a directory stay.
    ///
    /// @param mode 0 to 0777
    /// @throws FolderException [Errno#LOOP] for a symlink, which has no mode
    public void chmod(RelativePath path, int mode) throws FolderException {
        requirePermissionBits(mode);
        within(scratch -> {
            int place = open(scratch, path, OpenFlags.PLACE, 0);
            require(place, "set mode of", path);
            try {
                require(Statx.readOpen(scratch, place), "stat", path);
                Stamp stamp = Statx.stamp(scratch.struct());
                if (stamp.kind() == Kind.SYMLINK) {
                    throw FolderException.of(Errno.LOOP, "set mode of", path);
                }
                int kept = stamp.kind() == Kind.DIRECTORY ? stamp.mode() & ~PERMISSION_BITS : 0;
                require(chmodOpen(scratch, place, mode | kept), "set mode of", path);
            } finally {
                NativeCalls.close(scratch, place);
            }
            return true;
        });
    }

    private static long chmodOpen(Scratch scratch, int place, int mode) {
        scratch.path().set(ValueLayout.JAVA_BYTE, 0, (byte) 0);
        long done = NativeCalls.call(
                scratch, SystemCall.FCHMODAT2, place, scratch.path().address(), mode, Statx.EMPTY_PATH);
        if (done >= 0 || Errno.of((int) -done) != Errno.UNSUPPORTED) {
            return done;
        }
        // Kernels before 6.6 lack the call; a seccomp filter may, too.
        return NativeCalls.call(scratch, SystemCall.FCHMODAT, WORKING_DIRECTORY, scratch.putDescriptor(place), mode, 0);
    }

    /// Sets the time of the last change of any entry, a symlink's own included. The access time stays.
    ///
    /// @param mtimeNanos nanoseconds since 1970; the file system may round it
    public void setMtime(RelativePath path, long mtimeNanos) throws FolderException {
        act(
                "set mtime of",
                path,
                (scratch, parent) -> NativeCalls.call(
                        scratch,
                        SystemCall.UTIMENSAT,
                        parent,
                        scratch.put(path.name()),
                        Statx.putMtime(scratch, mtimeNanos),
                        Statx.NO_FOLLOW));
    }

    // --- durability ---

    /// Makes everything written to the root's file system so far durable.
    ///
    /// @throws FolderException if any write to that file system failed since the root was opened or the last
    ///     call
    public void syncfs() throws FolderException {
        within(scratch -> require(
                NativeCalls.call(scratch, SystemCall.SYNCFS, descriptor.held()), "sync file system of", location));
    }

    /// Makes the names in a directory durable.
    public void fsyncDirectory(RelativePath directory) throws FolderException {
        try (DirectoryHandle handle = openDirectory(directory)) {
            handle.fsync();
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }

    @Override
    public String toString() {
        return location.toString();
    }

    // --- one call ---

    private interface Call<T extends @Nullable Object> {
        T on(Scratch scratch) throws FolderException;
    }

    private interface Act {
        long on(Scratch scratch, int parent);
    }

    private interface AtParent {
        long on(int parent);
    }

    /// Lends a scratch and keeps the root open meanwhile.
    private <T extends @Nullable Object> T within(Call<T> call) throws FolderException {
        descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            return call.on(scratch);
        } finally {
            scratches.give(scratch);
            descriptor.release();
        }
    }

    private void act(String operation, RelativePath path, Act act) throws FolderException {
        within(scratch -> require(atParent(scratch, path, parent -> act.on(scratch, parent)), operation, path));
    }

    private static void actOnTwo(
            String operation,
            SystemCall call,
            FolderRoot from,
            RelativePath source,
            FolderRoot to,
            RelativePath target,
            int flags)
            throws FolderException {
        from.within(outer -> to.within(inner -> {
            long result = from.atParent(
                    outer,
                    source,
                    sourceParent -> to.atParent(
                            inner,
                            target,
                            targetParent -> NativeCalls.call(
                                    inner,
                                    call,
                                    sourceParent,
                                    outer.put(source.name()),
                                    targetParent,
                                    inner.put(target.name()),
                                    flags,
                                    0)));
            return require(result, operation, source + " -> " + target);
        }));
    }

    /// Opens the parent of `path`, acts there and closes it again.
    ///
    /// @return what `action` returned, or the negated errno of the way to the parent
    private long atParent(Scratch scratch, RelativePath path, AtParent action) {
        requireNamed(path);
        int root = descriptor.held();
        int depth = path.depth();
        int parent = depth == 1
                ? root
                : descent.open(scratch, root, path.names().subList(0, depth - 1), OpenFlags.PLACE_DIRECTORY, 0);
        if (parent < 0) {
            return parent;
        }
        long result = action.on(parent);
        if (parent != root) {
            NativeCalls.close(scratch, parent);
        }
        return result;
    }

    private int open(Scratch scratch, RelativePath path, int flags, int mode) {
        return descent.open(scratch, descriptor.held(), path.names(), flags, mode);
    }

    static long require(long result, String operation, Object path) throws FolderException {
        if (result < 0) {
            throw FolderException.of((int) -result, operation, path);
        }
        return result;
    }

    private static void requireNamed(RelativePath path) {
        if (path.isRoot()) {
            throw new IllegalStateException("the root of the folder has no name to act on");
        }
    }

    private static void requirePermissionBits(int mode) {
        if ((mode & ~PERMISSION_BITS) != 0) {
            throw new IllegalArgumentException("not permission bits: 0" + Integer.toOctalString(mode));
        }
    }

    private static void requireLinkTarget(Bytes target) {
        boolean hasZero = false;
        for (int i = 0; i < target.size(); i++) {
            hasZero |= target.at(i) == 0;
        }
        if (target.size() == 0 || target.size() >= Scratch.PATH_BYTES_MAX || hasZero) {
            throw new IllegalArgumentException("not a symlink target: " + target.size() + " bytes");
        }
    }
}
