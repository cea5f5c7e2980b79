package dev.lockstep.simulation;

import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.watch.Hint.Cause;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A file system in memory as Linux shows one: inodes, names that move with their renames, hard links, symlinks,
/// stamps that only a coarse clock tells apart, inode numbers that are used again. Programs and the node's process
/// call the same operations. What survives a power loss is its [DurablePlane]. For one thread.
final class SimulatedDisk {
    static final int DIRECTORY_BYTES = 4096;
    private static final int LINK_MODE = 0777;
    private static final byte[] NOTHING = {};

    private final LongSupplier wallNanos;
    private final long tickNanos;
    private final boolean reusesNumbers;
    private final Deque<Long> freeNumbers = new ArrayDeque<>();
    private final DurablePlane durable = new DurablePlane();
    private final Inode top;
    private long lastNumber = 1;
    private long operations;
    private @Nullable Watcher watcher;
    private @Nullable Witness witness;
    private boolean isUserActing;

    /// What one directory, file or symlink is.
    static final class Inode {
        final long number;
        final Kind kind;
        final long birthNanos;
        final boolean isMadeByUser;
        long mtimeNanos;
        long ctimeNanos;
        int mode;
        int links;
        /// How many handles are open, and how many of them may write.
        int handles;
        int writers;
        /// Since it was synced last.
        boolean isRenamedByUser;
        /// Never changed, only replaced.
        byte[] bytes = NOTHING;
        final Unsynced unsynced = new Unsynced();
        Bytes target = Bytes.EMPTY;
        final NavigableMap<Name, Dentry> children = new TreeMap<>();
        /// The name of a directory; null for the top, and for one that is gone.
        @Nullable
        Dentry self;

        private Inode(long number, Kind kind, int mode, long nowNanos, boolean isMadeByUser) {
            this.number = number;
            this.kind = kind;
            this.isMadeByUser = isMadeByUser;
            this.mode = mode;
            birthNanos = nowNanos;
            mtimeNanos = nowNanos;
            ctimeNanos = nowNanos;
        }

        Stamp stamp() {
            long size = switch (kind) {
                case FILE, SPECIAL -> bytes.length;
                case SYMLINK -> target.size();
                case DIRECTORY -> DIRECTORY_BYTES;
            };
            return new Stamp(kind, 1, number, birthNanos, size, mtimeNanos, ctimeNanos, mode, links, 1000);
        }
    }

    /// One name of an inode. It stays the same through renames; events of an open file are told where its name is.
    static final class Dentry {
        final Inode inode;

        @Nullable
        Inode parent;

        Name name;

        private Dentry(Inode inode, Inode parent, Name name) {
            this.inode = inode;
            this.parent = parent;
            this.name = name;
        }

        boolean isThere() {
            return parent != null;
        }
    }

    /// Is told what happens to names and files, as it happens.
    interface Watcher {
        void dirty(Inode directory, Name name, Cause cause);

        void appeared(Inode directory, Name name);

        void moved(Inode from, Name oldName, Inode to, Name newName, Kind kind);
    }

    /// Is told what programs did to what they had written.
    interface Witness {
        /// Its bytes are about to be replaced, or its last name is gone.
        void destroyed(Inode inode);

        void written(Inode inode);

        /// Another name, or other attributes.
        void changed(Inode inode);

        void forgotten(Inode inode);
    }

    /// @param wallNanos     the machine's clock, nanoseconds since 1970
    /// @param tickNanos     how coarse stamps are; 1 tells every two operations apart
    /// @param reusesNumbers whether a new inode gets the number of one that is gone
    SimulatedDisk(LongSupplier wallNanos, long tickNanos, boolean reusesNumbers) {
        this.wallNanos = wallNanos;
        this.tickNanos = tickNanos;
        this.reusesNumbers = reusesNumbers;
        top = new Inode(lastNumber, Kind.DIRECTORY, 0755, nowNanos(), false);
        top.links = 2;
    }

    long tickNanos() {
        return tickNanos;
    }

    Inode top() {
        return top;
    }

    void watchBy(@Nullable Watcher theWatcher) {
        watcher = theWatcher;
    }

    void witnessedBy(Witness theWitness) {
        witness = theWitness;
    }

    /// Runs what a program does.
    void byUser(Runnable act) {
        isUserActing = true;
        try {
            act.run();
        } finally {
            isUserActing = false;
        }
    }

    long nowNanos() {
        long now = wallNanos.getAsLong();
        operations++;
        return tickNanos == 1 ? now + operations : Math.floorDiv(now, tickNanos) * tickNanos;
    }

    private Inode inode(Kind kind, int mode) {
        Long free = reusesNumbers ? freeNumbers.pollLast() : null;
        return new Inode(free == null ? ++lastNumber : free, kind, mode, nowNanos(), isUserActing);
    }

    // --- looking ---

    /// @throws FolderException if a parent is missing or no directory
    @Nullable
    Dentry find(Inode root, RelativePath path, String operation) throws FolderException {
        return directory(root, path.parent(), operation).children.get(path.name());
    }

    Dentry existing(Inode root, RelativePath path, String operation) throws FolderException {
        Dentry found = find(root, path, operation);
        if (found == null) {
            throw FolderException.of(Errno.NOT_FOUND, operation, path);
        }
        return found;
    }

    /// The directory at the path; symlinks are not followed.
    Inode directory(Inode root, RelativePath path, String operation) throws FolderException {
        Inode at = root;
        for (Name name : path.names()) {
            Dentry next = at.children.get(name);
            if (next == null) {
                throw FolderException.of(Errno.NOT_FOUND, operation, path);
            }
            at = next.inode;
            if (at.kind != Kind.DIRECTORY) {
                Errno errno = at.kind == Kind.SYMLINK ? Errno.LOOP : Errno.NOT_DIRECTORY;
                throw FolderException.of(errno, operation, path);
            }
        }
        return at;
    }

    @Nullable
    Inode findOrNull(Inode root, RelativePath path) {
        try {
            Dentry found = find(root, path, "look");
            return found == null ? null : found.inode;
        } catch (FolderException unreachable) {
            return null;
        }
    }

    /// What stands at a path that is known to be there.
    Inode there(Inode root, RelativePath path) {
        try {
            return existing(root, path, "look").inode;
        } catch (FolderException gone) {
            throw new IllegalStateException(gone);
        }
    }

    /// Where a directory is below `root`; null if it is not.
    static @Nullable RelativePath pathWithin(Inode root, Inode directory) {
        List<Name> names = new ArrayList<>();
        Inode at = directory;
        while (at != root) {
            Dentry self = at.self;
            if (self == null || self.parent == null) {
                return null;
            }
            names.add(self.name);
            at = self.parent;
        }
        Collections.reverse(names);
        return new RelativePath(names);
    }

    // --- making ---

    Dentry createFile(Inode root, RelativePath path, int mode) throws FolderException {
        Inode parent = freePlace(root, path, "create");
        durable.begin();
        Dentry made = add(inode(Kind.FILE, mode), parent, path.name());
        tell(parent, path.name(), Cause.CREATED);
        return made;
    }

    Dentry createDirectory(Inode root, RelativePath path, int mode) throws FolderException {
        Inode parent = freePlace(root, path, "make directory");
        durable.begin();
        Inode directory = inode(Kind.DIRECTORY, mode);
        Dentry made = add(directory, parent, path.name());
        directory.links = 2;
        durable.note(parent);
        parent.links++;
        if (watcher != null) {
            watcher.appeared(parent, path.name());
        }
        return made;
    }

    Dentry createSymlink(Inode root, RelativePath path, Bytes target) throws FolderException {
        Inode parent = freePlace(root, path, "make symlink");
        durable.begin();
        Inode link = inode(Kind.SYMLINK, LINK_MODE);
        link.target = target;
        Dentry made = add(link, parent, path.name());
        tell(parent, path.name(), Cause.CREATED);
        wasWritten(link);
        return made;
    }

    void link(Inode existing, Inode root, RelativePath path) throws FolderException {
        if (existing.kind == Kind.DIRECTORY) {
            throw FolderException.of(Errno.PERMISSION, "link", path);
        }
        Inode parent = freePlace(root, path, "link");
        durable.begin();
        durable.note(existing);
        add(existing, parent, path.name());
        existing.ctimeNanos = nowNanos();
        wasChanged(existing);
        tell(parent, path.name(), Cause.CREATED);
    }

    private Inode freePlace(Inode root, RelativePath path, String operation) throws FolderException {
        Inode parent = directory(root, path.parent(), operation);
        if (parent.children.containsKey(path.name())) {
            throw FolderException.of(Errno.EXISTS, operation, path);
        }
        return parent;
    }

    private Dentry add(Inode inode, Inode parent, Name name) {
        Dentry dentry = new Dentry(inode, parent, name);
        inode.links++;
        put(dentry, parent, name);
        return dentry;
    }

    private void put(Dentry dentry, Inode parent, Name name) {
        durable.note(dentry);
        durable.note(dentry.inode);
        durable.noteName(parent, name);
        dentry.parent = parent;
        dentry.name = name;
        parent.children.put(name, dentry);
        if (dentry.inode.kind == Kind.DIRECTORY) {
            dentry.inode.self = dentry;
        }
        touch(parent);
    }

    private void touch(Inode directory) {
        durable.note(directory);
        directory.mtimeNanos = nowNanos();
        directory.ctimeNanos = directory.mtimeNanos;
    }

    // --- taking away ---

    void unlink(Inode root, RelativePath path) throws FolderException {
        Dentry dentry = existing(root, path, "remove");
        if (dentry.inode.kind == Kind.DIRECTORY) {
            throw FolderException.of(Errno.IS_DIRECTORY, "remove", path);
        }
        durable.begin();
        Inode parent = Objects.requireNonNull(dentry.parent);
        drop(dentry);
        tell(parent, path.name(), Cause.DELETED);
    }

    void removeDirectory(Inode root, RelativePath path) throws FolderException {
        Dentry dentry = existing(root, path, "remove directory");
        if (dentry.inode.kind != Kind.DIRECTORY) {
            throw FolderException.of(Errno.NOT_DIRECTORY, "remove directory", path);
        }
        if (!dentry.inode.children.isEmpty()) {
            throw FolderException.of(Errno.NOT_EMPTY, "remove directory", path);
        }
        durable.begin();
        Inode parent = Objects.requireNonNull(dentry.parent);
        drop(dentry);
        tell(parent, path.name(), Cause.DELETED);
    }

    private void drop(Dentry dentry) {
        Inode parent = Objects.requireNonNull(dentry.parent);
        Inode inode = dentry.inode;
        durable.note(dentry);
        durable.note(inode);
        durable.noteName(parent, dentry.name);
        parent.children.remove(dentry.name, dentry);
        dentry.parent = null;
        touch(parent);
        inode.ctimeNanos = nowNanos();
        inode.links--;
        if (inode.kind == Kind.DIRECTORY) {
            parent.links--;
            inode.links = 0;
            inode.self = null;
        }
        freeIfUnused(inode);
        if (inode.links == 0 && isUserActing && witness != null) {
            witness.destroyed(inode);
            witness.forgotten(inode);
        }
    }

    private void freeIfUnused(Inode inode) {
        if (inode.links == 0 && inode.handles == 0) {
            freeNumbers.addLast(inode.number);
        }
    }

    // --- moving ---

    void rename(Inode root, RelativePath source, Inode targetRoot, RelativePath target, RenameMode mode)
            throws FolderException {
        Dentry from = existing(root, source, "rename");
        Inode to = directory(targetRoot, target.parent(), "rename");
        Dentry there = to.children.get(target.name());
        if (mode == RenameMode.NO_REPLACE && there != null) {
            throw FolderException.of(Errno.EXISTS, "rename", source + " -> " + target);
        }
        if (mode == RenameMode.EXCHANGE) {
            if (there == null) {
                throw FolderException.of(Errno.NOT_FOUND, "exchange", source + " -> " + target);
            }
            requireOutside(from.inode, to, target);
            requireOutside(there.inode, Objects.requireNonNull(from.parent), source);
            durable.begin();
            exchange(from, there);
            return;
        }
        requireOutside(from.inode, to, target);
        if (there != null && there.inode == from.inode) {
            return;
        }
        if (there != null) {
            requireReplaceable(from.inode, there.inode, target);
        }
        durable.begin();
        if (there != null) {
            drop(there);
        }
        move(from, to, target.name());
    }

    private static void requireOutside(Inode moved, Inode into, RelativePath target) throws FolderException {
        if (moved.kind == Kind.DIRECTORY && (moved == into || pathWithin(moved, into) != null)) {
            throw FolderException.of(Errno.UNSUPPORTED, "move into itself", target);
        }
    }

    private static void requireReplaceable(Inode moved, Inode there, RelativePath target) throws FolderException {
        if (there.kind == Kind.DIRECTORY && moved.kind != Kind.DIRECTORY) {
            throw FolderException.of(Errno.IS_DIRECTORY, "rename", target);
        }
        if (there.kind != Kind.DIRECTORY && moved.kind == Kind.DIRECTORY) {
            throw FolderException.of(Errno.NOT_DIRECTORY, "rename", target);
        }
        if (!there.children.isEmpty()) {
            throw FolderException.of(Errno.NOT_EMPTY, "rename", target);
        }
    }

    private void move(Dentry dentry, Inode to, Name name) {
        Inode from = Objects.requireNonNull(dentry.parent);
        Name oldName = dentry.name;
        durable.noteName(from, oldName);
        from.children.remove(oldName, dentry);
        touch(from);
        durable.note(to);
        if (dentry.inode.kind == Kind.DIRECTORY) {
            from.links--;
            to.links++;
        }
        put(dentry, to, name);
        dentry.inode.ctimeNanos = nowNanos();
        wasChanged(dentry.inode);
        if (watcher != null) {
            watcher.moved(from, oldName, to, name, dentry.inode.kind);
        }
    }

    private void exchange(Dentry one, Dentry other) {
        if (one == other) {
            return;
        }
        Inode oneParent = Objects.requireNonNull(one.parent);
        Inode otherParent = Objects.requireNonNull(other.parent);
        Name oneName = one.name;
        Name otherName = other.name;
        durable.note(oneParent);
        durable.note(otherParent);
        oneParent.links += difference(other.inode, one.inode);
        otherParent.links += difference(one.inode, other.inode);
        put(one, otherParent, otherName);
        put(other, oneParent, oneName);
        one.inode.ctimeNanos = nowNanos();
        other.inode.ctimeNanos = nowNanos();
        wasChanged(one.inode);
        wasChanged(other.inode);
        if (watcher != null) {
            watcher.moved(oneParent, oneName, otherParent, otherName, one.inode.kind);
            watcher.moved(otherParent, otherName, oneParent, oneName, other.inode.kind);
        }
    }

    private static int difference(Inode comes, Inode goes) {
        return (comes.kind == Kind.DIRECTORY ? 1 : 0) - (goes.kind == Kind.DIRECTORY ? 1 : 0);
    }

    // --- content and attributes ---

    void setBytes(Dentry dentry, byte[] bytes) {
        Inode inode = dentry.inode;
        durable.begin();
        durable.note(inode);
        if (isUserActing && witness != null) {
            witness.destroyed(inode);
        }
        inode.bytes = bytes;
        durable.written(inode, isUserActing);
        inode.mtimeNanos = nowNanos();
        inode.ctimeNanos = inode.mtimeNanos;
        inode.mode &= 0777;
        tell(dentry, Cause.MODIFIED);
        wasWritten(inode);
    }

    void setMode(Dentry dentry, int mode) {
        durable.begin();
        durable.note(dentry.inode);
        dentry.inode.mode = mode;
        dentry.inode.ctimeNanos = nowNanos();
        wasChanged(dentry.inode);
        tell(dentry, Cause.ATTRIBUTES);
    }

    void setMtime(Dentry dentry, long mtimeNanos) {
        durable.begin();
        durable.note(dentry.inode);
        dentry.inode.mtimeNanos = mtimeNanos;
        dentry.inode.ctimeNanos = nowNanos();
        wasChanged(dentry.inode);
        tell(dentry, Cause.ATTRIBUTES);
    }

    void opened(Inode inode, boolean isWriting) {
        inode.handles++;
        inode.writers += isWriting ? 1 : 0;
    }

    void closed(Dentry dentry, boolean isWriting) {
        dentry.inode.handles--;
        freeIfUnused(dentry.inode);
        if (isWriting) {
            dentry.inode.writers--;
            tell(dentry, Cause.CLOSED);
        }
    }

    // --- durability ---

    /// What becomes of a power loss.
    DurablePlane durable() {
        return durable;
    }

    /// The power goes, and comes back; nothing is open any more.
    List<DurablePlane.Damaged> losePower(RandomGenerator random) {
        List<DurablePlane.Damaged> damaged = durable.losePower(random);
        Set<Long> used = new HashSet<>();
        closeAll(top, used);
        freeNumbers.clear();
        for (long number = 1; number <= lastNumber; number++) {
            if (!used.contains(number)) {
                freeNumbers.addLast(number);
            }
        }
        return damaged;
    }

    private static void closeAll(Inode inode, Set<Long> seen) {
        inode.handles = 0;
        inode.writers = 0;
        seen.add(inode.number);
        inode.children.values().forEach(child -> closeAll(child.inode, seen));
    }

    private void wasChanged(Inode inode) {
        inode.isRenamedByUser |= isUserActing;
        if (isUserActing && witness != null) {
            witness.changed(inode);
        }
    }

    private void wasWritten(Inode inode) {
        if (isUserActing && witness != null) {
            witness.written(inode);
        }
    }

    private void tell(Dentry dentry, Cause cause) {
        Inode parent = dentry.parent;
        if (parent != null) {
            tell(parent, dentry.name, cause);
        }
    }

    private void tell(Inode directory, Name name, Cause cause) {
        if (watcher != null) {
            watcher.dirty(directory, name, cause);
        }
    }
}
