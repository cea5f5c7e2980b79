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

/// A folder of this Linux system. Each operation walks from the held descriptor to the parent of its path with
/// openat2(2), which stays beneath and follows no symlink, or component by component where the kernel lacks it.
///
/// A call blocks its platform thread, or the carrier of its virtual thread, for as long as the disk takes: give syncs
/// and
/// large copies a platform thread.
public final class NativeFolderRoot implements FolderRoot {
    private static final int REMOVE_DIRECTORY = 0x200;
    private static final int WORKING_DIRECTORY = -100;
    private static final int PERMISSION_BITS = 0777;

    private final Path location;
    private final ScratchPool scratches;
    private final Descriptor descriptor;
    private final Descent descent;

    private NativeFolderRoot(Path location, ScratchPool scratches, Descriptor descriptor, Descent descent) {
        this.location = location;
        this.scratches = scratches;
        this.descriptor = descriptor;
        this.descent = descent;
    }

    /// Opens an existing directory. Symlinks in `dir` itself are followed, once, now.
    ///
    /// @throws FolderException [Errno#NOT_FOUND], [Errno#NOT_DIRECTORY], [Errno#PERMISSION]
    public static NativeFolderRoot open(Path dir) throws FolderException {
        return open(dir, true);
    }

    /// @param isKernelWalking false takes the way for kernels without openat2(2)
    static NativeFolderRoot open(Path dir, boolean isKernelWalking) throws FolderException {
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
        return new NativeFolderRoot(dir, scratches, new Descriptor(number, dir.toString(), scratches), descent);
    }

    @Override
    public Path location() {
        return location;
    }

    @Override
    public boolean isInPlace() throws IOException {
        if (!Files.isDirectory(location)) {
            return false;
        }
        try (NativeFolderRoot now = open(location)) {
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

    @Override
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

    @Override
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

    @Override
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

    @Override
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

    @Override
    public NativeFileHandle openRead(RelativePath path) throws FolderException {
        return within(scratch -> {
            int place = open(scratch, path, OpenFlags.PLACE, 0);
            require(place, "open", path);
            try {
                requireRegular(scratch, place, path);
                int number = NativeFileHandle.reopenForReading(scratch, place);
                require(number, "open", path);
                return new NativeFileHandle(path, scratches, new Descriptor(number, path.toString(), scratches));
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

    @Override
    public NativeFileHandle createExclusive(RelativePath path, int mode) throws FolderException {
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
            return new NativeFileHandle(path, scratches, file);
        });
    }

    // --- names ---

    @Override
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

    @Override
    public void rmdir(RelativePath path) throws FolderException {
        act(
                "remove directory",
                path,
                (scratch, parent) -> NativeCalls.call(
                        scratch, SystemCall.UNLINKAT, parent, scratch.put(path.name()), REMOVE_DIRECTORY, 0));
    }

    @Override
    public void unlink(RelativePath path) throws FolderException {
        act(
                "remove",
                path,
                (scratch, parent) ->
                        NativeCalls.call(scratch, SystemCall.UNLINKAT, parent, scratch.put(path.name()), 0, 0));
    }

    @Override
    public void symlink(Bytes target, RelativePath path) throws FolderException {
        requireLinkTarget(target);
        act(
                "make symlink",
                path,
                (scratch, parent) -> NativeCalls.call(
                        scratch, SystemCall.SYMLINKAT, scratch.putSecond(target), parent, scratch.put(path.name()), 0));
    }

    @Override
    public void rename(RelativePath source, FolderRoot to, RelativePath target, RenameMode mode)
            throws FolderException {
        actOnTwo("rename", SystemCall.RENAMEAT2, source, nativeRoot(to), target, mode.flags());
    }

    @Override
    public void link(RelativePath existing, FolderRoot to, RelativePath added) throws FolderException {
        actOnTwo("link", SystemCall.LINKAT, existing, nativeRoot(to), added, 0);
    }

    private static NativeFolderRoot nativeRoot(FolderRoot root) {
        if (root instanceof NativeFolderRoot isNative) {
            return isNative;
        }
        throw new IllegalArgumentException("a root of another sort: " + root);
    }

    /// Tries, with two short-lived files in `staging` of root `state`, whether every [RenameMode] works from
    /// there into `folder`. Nothing appears in `folder`.
    public static RenameSupport renameSupport(NativeFolderRoot state, RelativePath staging, NativeFolderRoot folder)
            throws FolderException {
        String unique = Long.toHexString(System.nanoTime());
        RelativePath first = staging.child(Name.of("probe-a-" + unique));
        RelativePath second = staging.child(Name.of("probe-b-" + unique));
        try {
            // The kernel compares the mounts before it looks for the entry, which does not exist.
            state.rename(first, folder, new RelativePath(List.of(first.name())), RenameMode.NO_REPLACE);
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
            rename(first, this, second, RenameMode.NO_REPLACE);
            createExclusive(first, 0600).close();
            rename(first, this, second, RenameMode.EXCHANGE);
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

    @Override
    public long clockTickNanos(RelativePath directory) throws FolderException {
        RelativePath probe = directory.child(Name.of("probe-clock-" + Long.toHexString(System.nanoTime())));
        try (NativeFileHandle file = createExclusive(probe, 0600)) {
            return ClockTick.measure(file);
        } finally {
            removeProbe(probe);
        }
    }

    // --- attributes ---

    @Override
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

    @Override
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

    @Override
    public void syncfs() throws FolderException {
        within(scratch -> require(
                NativeCalls.call(scratch, SystemCall.SYNCFS, descriptor.held()), "sync file system of", location));
    }

    @Override
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

    private void actOnTwo(
            String operation, SystemCall call, RelativePath source, NativeFolderRoot to, RelativePath target, int flags)
            throws FolderException {
        within(outer -> to.within(inner -> {
            long result = atParent(
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
