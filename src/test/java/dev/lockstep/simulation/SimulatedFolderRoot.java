package dev.lockstep.simulation;

import dev.lockstep.folder.DirectoryItem;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.FreeSpace;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.RelativePath;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A directory of a [SimulatedDisk] as a process holds it open. Every operation may be the last of the process, and
/// programs may act just before it.
final class SimulatedFolderRoot implements FolderRoot {
    private final SimulatedProcess process;
    private final SimulatedDisk disk;
    private final SimulatedDisk.Inode top;
    private final Path location;

    SimulatedFolderRoot(SimulatedProcess process, SimulatedDisk disk, SimulatedDisk.Inode top, Path location) {
        this.process = process;
        this.disk = disk;
        this.top = top;
        this.location = location;
    }

    SimulatedDisk.Inode top() {
        return top;
    }

    @Override
    public Path location() {
        return location;
    }

    @Override
    public boolean isInPlace() {
        process.looks("isInPlace", RelativePath.ROOT);
        return true;
    }

    @Override
    public @Nullable Stamp stat(RelativePath path) throws FolderException {
        process.looks("stat", path);
        if (path.isRoot()) {
            return top.stamp();
        }
        SimulatedDisk.Inode at = top;
        for (int i = 0; i < path.depth(); i++) {
            SimulatedDisk.Dentry next =
                    at.kind == Kind.DIRECTORY ? at.children.get(path.names().get(i)) : null;
            if (next == null) {
                return null;
            }
            at = next.inode;
        }
        return at.stamp();
    }

    @Override
    public List<DirectoryItem> list(RelativePath directory) throws FolderException {
        process.looks("list", directory);
        List<DirectoryItem> items = new ArrayList<>();
        disk.directory(top, directory, "list")
                .children
                .forEach((name, dentry) -> items.add(new DirectoryItem(name.bytes(), dentry.inode.kind)));
        return items;
    }

    @Override
    public Bytes readlink(RelativePath path) throws FolderException {
        process.looks("readlink", path);
        SimulatedDisk.Inode inode = disk.existing(top, path, "read symlink").inode;
        if (inode.kind != Kind.SYMLINK) {
            throw FolderException.of(Errno.UNSUPPORTED, "read symlink", path);
        }
        return inode.target;
    }

    @Override
    public long clockTickNanos(RelativePath directory) {
        return disk.tickNanos() == 1 ? 0 : 2 * disk.tickNanos();
    }

    @Override
    public FreeSpace freeSpace() {
        return new FreeSpace(1L << 40, 1L << 39, 1L << 20, 1L << 19);
    }

    @Override
    public FileHandle openRead(RelativePath path) throws FolderException {
        process.looks("open", path);
        SimulatedDisk.Dentry dentry = disk.existing(top, path, "open");
        switch (dentry.inode.kind) {
            case FILE -> {}
            case DIRECTORY -> throw FolderException.of(Errno.IS_DIRECTORY, "open", path);
            case SYMLINK -> throw FolderException.of(Errno.LOOP, "open", path);
            case SPECIAL -> throw FolderException.of(Errno.NOT_REGULAR, "open", path);
        }
        return new SimulatedFileHandle(process, disk, dentry, path, false);
    }

    @Override
    public FileHandle createExclusive(RelativePath path, int mode) throws FolderException {
        process.changes("create", path);
        process.ledger().madeInside(process.machine(), this, path);
        SimulatedDisk.Dentry dentry = disk.createFile(top, path, mode);
        return new SimulatedFileHandle(process, disk, dentry, path, true);
    }

    @Override
    public void mkdir(RelativePath path, int mode) throws FolderException {
        process.changes("mkdir", path);
        disk.createDirectory(top, path, mode);
    }

    @Override
    public void rmdir(RelativePath path) throws FolderException {
        process.changes("rmdir", path);
        disk.removeDirectory(top, path);
    }

    @Override
    public void unlink(RelativePath path) throws FolderException {
        process.changes("unlink", path);
        if (top == process.machine().state()) {
            process.ledger().unlinks(process.machine(), disk.findOrNull(top, path));
        }
        disk.unlink(top, path);
    }

    @Override
    public void symlink(Bytes target, RelativePath path) throws FolderException {
        process.changes("symlink", path);
        disk.createSymlink(top, path, target);
    }

    @Override
    public void rename(RelativePath source, FolderRoot to, RelativePath target, RenameMode mode)
            throws FolderException {
        SimulatedFolderRoot other = (SimulatedFolderRoot) to;
        process.changes(mode + " " + source + " ->", target);
        disk.rename(top, source, other.top, target, mode);
        process.ledger().renamed(process.machine(), this, source, other, target);
    }

    @Override
    public void link(RelativePath existing, FolderRoot to, RelativePath added) throws FolderException {
        SimulatedFolderRoot other = (SimulatedFolderRoot) to;
        process.changes("link " + existing + " ->", added);
        disk.link(disk.existing(top, existing, "link").inode, other.top, added);
    }

    @Override
    public void chmod(RelativePath path, int mode) throws FolderException {
        process.changes("chmod", path);
        SimulatedDisk.Dentry dentry = disk.existing(top, path, "set mode of");
        if (dentry.inode.kind == Kind.SYMLINK) {
            throw FolderException.of(Errno.LOOP, "set mode of", path);
        }
        disk.setMode(dentry, mode);
    }

    @Override
    public void setMtime(RelativePath path, long mtimeNanos) throws FolderException {
        process.changes("setMtime", path);
        disk.setMtime(disk.existing(top, path, "set mtime of"), mtimeNanos);
    }

    @Override
    public void syncfs() {
        process.changes("syncfs", RelativePath.ROOT);
        process.machine().syncAll();
    }

    @Override
    public void fsyncDirectory(RelativePath directory) throws FolderException {
        process.changes("fsync directory", directory);
        disk.directory(top, directory, "sync directory");
        disk.durable().syncNames();
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
        return location.toString();
    }
}
