package dev.lockstep.scan;

import dev.lockstep.folder.DirectoryItem;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Place;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeSet;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Compares paths on disk with the folder index. The comparison is the truth; whatever led to the path was a
/// hint.
/// Called by
/// the folder's control loop, [#readLarge] by any thread.
public final class FolderScanner {
    private static final int LARGE_AT_ONCE_MAX = 8;

    private final Semaphore largeReads = new Semaphore(LARGE_AT_ONCE_MAX);
    private final FolderRoot root;
    private final FolderIndex index;
    private final FileReader reader;
    private final long promptBytesMax;
    private final long tickNanos;
    private final InstantSource wallClock;

    /// @param inlineBytesMax files up to this size are handed over with their bytes
    /// @param promptBytesMax files up to this size are read in [#scan]; larger ones are left to [#readLarge]
    /// @param tickNanos      of the clock that dates changes, see [FolderRoot#clockTickNanos]
    /// @param wallClock      of the same machine
    public FolderScanner(
            FolderRoot root,
            FolderIndex index,
            int inlineBytesMax,
            long promptBytesMax,
            long tickNanos,
            InstantSource wallClock) {
        this.root = root;
        this.index = index;
        this.reader = new FileReader(root, inlineBytesMax);
        this.promptBytesMax = promptBytesMax;
        this.tickNanos = tickNanos;
        this.wallClock = wallClock;
    }

    /// How a path is looked at.
    ///
    /// @param readBytesMax files up to this size are read
    /// @param isUnhinted   whether no event led to the path
    /// @param isWritten    whether a program may have written to the file before its stamp was recorded
    private record Look(long readBytesMax, boolean isUnhinted, boolean isWritten) {}

    /// @param path below the root, which an event led to
    public Finding scan(RelativePath path) {
        return scan(path, new Look(promptBytesMax, false, false));
    }

    /// As [#scan], where an event told that a program has written to the file. That may have been between the
    /// placing of a revision and the taking of its stamp: an unchanged stamp is believed only if the bytes were
    /// read under it.
    public Finding scanWritten(RelativePath path) {
        return scan(path, new Look(promptBytesMax, false, true));
    }

    /// As [#scan], where the whole folder is compared: edits that no event told of may be going on.
    public Finding scanUnhinted(RelativePath path) {
        return scan(path, new Look(promptBytesMax, true, false));
    }

    /// As [#scan], for files of any size that are to be read. Waits while many are read.
    public Finding readLarge(RelativePath path) {
        largeReads.acquireUninterruptibly();
        try {
            return scan(path, new Look(Long.MAX_VALUE, true, true));
        } finally {
            largeReads.release();
        }
    }

    private Finding scan(RelativePath path, Look look) {
        try {
            Stamp stamp = statOrAbsent(path);
            Held held = index.find(path);
            if (stamp == null) {
                return held == null ? new Finding.Unchanged() : new Finding.Gone(held);
            }
            return held == null ? added(path, stamp, look) : compared(path, held, stamp, look);
        } catch (FolderException refused) {
            return refusal(refused);
        } catch (IOException failed) {
            return new Finding.Unreadable(String.valueOf(failed.getMessage()));
        }
    }

    private static Finding refusal(FolderException refused) {
        return switch (refused.errno()) {
            // Gone or replaced between two calls: looked at again.
            case NOT_FOUND, NOT_DIRECTORY, LOOP, NOT_REGULAR -> new Finding.Unsettled();
            case NAME_TOO_LONG -> new Finding.Unsupported(String.valueOf(refused.getMessage()));
            default -> new Finding.Unreadable(String.valueOf(refused.getMessage()));
        };
    }

    private @Nullable Stamp statOrAbsent(RelativePath path) throws IOException {
        try {
            return root.stat(path);
        } catch (FolderException refused) {
            // A parent that is a file or a symlink holds no entries of this folder.
            if (refused.errno() == Errno.LOOP || refused.errno() == Errno.NOT_DIRECTORY) {
                return null;
            }
            throw refused;
        }
    }

    private Finding added(RelativePath path, Stamp stamp, Look look) throws IOException {
        Held moved = movedHere(path, stamp);
        return moved == null
                ? put(path, Optional.empty(), Revision.NONE, stamp, look)
                : new Finding.MovedHere(moved, stamp);
    }

    private @Nullable Held movedHere(RelativePath path, Stamp stamp) throws IOException {
        for (Held elsewhere : index.onInode(stamp)) {
            if (isMove(elsewhere, path, stamp)) {
                return elsewhere;
            }
        }
        return null;
    }

    /// The entry that stands at a path and is recorded at another one.
    ///
    /// @return null if there is none, or that cannot be told
    public @Nullable Held movedTo(RelativePath path) {
        try {
            Stamp stamp = statOrAbsent(path);
            return stamp == null ? null : movedHere(path, stamp);
        } catch (IOException unreadable) {
            return null;
        }
    }

    /// A file is taken as moved only if its old name is free: when an editor leaves a backup, the edit shall
    /// keep the
    /// entry.
    private boolean isMove(Held elsewhere, RelativePath path, Stamp here) throws IOException {
        if (kindOf(elsewhere.entry().content()) != here.kind()) {
            return false;
        }
        RelativePath old = index.path(elsewhere.id());
        if (old == null || old.equals(path)) {
            return false;
        }
        Stamp there = statOrAbsent(old);
        return here.kind() == Kind.DIRECTORY ? there == null || !there.isSameInode(here) : there == null;
    }

    private Finding compared(RelativePath path, Held held, Stamp stamp, Look look) throws IOException {
        Kind expected = kindOf(held.entry().content());
        if (stamp.isUnchangedSince(held.stamp())) {
            if (isCertain(held, stamp, look)) {
                return new Finding.Unchanged();
            }
            if (isYoung(stamp)) {
                return new Finding.Unsettled();
            }
        }
        if (stamp.kind() == Kind.DIRECTORY) {
            return expected == Kind.DIRECTORY ? comparedDirectory(held, stamp) : new Finding.Replaced(held, stamp);
        }
        if (expected == Kind.DIRECTORY || stamp.kind() == Kind.SPECIAL) {
            return new Finding.Replaced(held, stamp);
        }
        return put(path, Optional.of(held), held.entry().revision(), stamp, look);
    }

    /// Whether an unchanged stamp says that the bytes are unchanged. Within one tick of the clock they may have been
    /// written over after they were read; and just before a stamp was taken at the placing of a file.
    private boolean isCertain(Held held, Stamp stamp, Look look) {
        return held.isSettled()
                || stamp.kind() != Kind.FILE
                || stamp.sizeBytes() == 0
                || (tickNanos == 0 && !look.isWritten());
    }

    private boolean isYoung(Stamp stamp) {
        return isYoung(stamp, tickNanos);
    }

    private boolean isYoung(Stamp stamp, long nanos) {
        Instant now = wallClock.instant();
        long nowNanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
        return Math.abs(nowNanos - stamp.ctimeNanos()) <= nanos;
    }

    /// Whether a file was found that was changed just now: its program may have more to write.
    ///
    /// @param nanos how long ago that was at the most
    public boolean isJustChanged(Finding finding, long nanos) {
        return switch (finding) {
            case Finding.Changed(Change _, Stamp stamp, Optional<Bytes> _) ->
                stamp.kind() == Kind.FILE && isYoung(stamp, nanos);
            case Finding.Large(Stamp stamp) -> isYoung(stamp, nanos);
            case Finding.Unchanged _,
                    Finding.Restamped _,
                    Finding.MovedHere _,
                    Finding.Gone _,
                    Finding.Replaced _,
                    Finding.Unsettled _,
                    Finding.Unsupported _,
                    Finding.Unreadable _ -> false;
        };
    }

    private Finding comparedDirectory(Held held, Stamp stamp) {
        if (!stamp.isSameInode(held.stamp())) {
            for (Held other : index.onInode(stamp)) {
                if (!other.id().equals(held.id())) {
                    return new Finding.MovedHere(other, stamp);
                }
            }
        }
        return attributesOnly(held, stamp);
    }

    private Finding put(RelativePath path, Optional<Held> held, Revision base, Stamp stamp, Look look)
            throws IOException {
        Optional<EntryId> entry = held.map(Held::id);
        return switch (stamp.kind()) {
            case SPECIAL -> new Finding.Unsupported("not a regular file, directory or symlink");
            case DIRECTORY -> {
                Attributes attributes = new Attributes(stamp.mode() & Attributes.MODE_MASK, 0);
                yield changed(path, entry, base, new Content.Directory(), attributes, stamp, Optional.empty());
            }
            case SYMLINK -> symlink(path, held, base, stamp);
            case FILE ->
                stamp.sizeBytes() > look.readBytesMax()
                        ? new Finding.Large(stamp)
                        : file(path, held, base, new Reading(!isYoung(stamp), look.isUnhinted() && held.isPresent()));
        };
    }

    private Finding symlink(RelativePath path, Optional<Held> held, Revision base, Stamp stamp) throws IOException {
        Content content = new Content.Symlink(root.readlink(path));
        if (held.isPresent() && held.get().entry().content().equals(content)) {
            return attributesOnly(held.get(), stamp);
        }
        Attributes attributes = new Attributes(Attributes.MODE_MASK, stamp.mtimeNanos());
        return changed(path, held.map(Held::id), base, content, attributes, stamp, Optional.empty());
    }

    /// @param isSettled whether the clock has ticked since the last change
    private record Reading(boolean isSettled, boolean isUnhinted) {}

    private Finding file(RelativePath path, Optional<Held> held, Revision base, Reading how) throws IOException {
        StableRead read = reader.read(path, how.isUnhinted());
        if (read == null) {
            return new Finding.Unsettled();
        }
        Content content = new Content.File(read.digest(), read.sizeBytes());
        if (held.isPresent() && held.get().entry().content().equals(content)) {
            Finding finding = attributesOnly(held.get(), read.stamp());
            return finding instanceof Finding.Restamped(Held now)
                    ? new Finding.Restamped(new Held(now.entry(), now.stamp(), how.isSettled()))
                    : finding;
        }
        Attributes attributes = attributesOf(read.stamp());
        return changed(path, held.map(Held::id), base, content, attributes, read.stamp(), read.content());
    }

    private Finding changed(
            RelativePath path,
            Optional<EntryId> entry,
            Revision base,
            Content content,
            Attributes attributes,
            Stamp stamp,
            Optional<Bytes> bytes) {
        return new Finding.Changed(new Change.Put(place(path), entry, base, content, attributes), stamp, bytes);
    }

    private static Finding attributesOnly(Held held, Stamp stamp) {
        Attributes before = held.entry().attributes();
        Attributes now = attributesOf(stamp);
        OptionalInt mode = now.mode() == before.mode() ? OptionalInt.empty() : OptionalInt.of(now.mode());
        OptionalLong mtime =
                now.mtimeNanos() == before.mtimeNanos() ? OptionalLong.empty() : OptionalLong.of(now.mtimeNanos());
        if (mode.isEmpty() && mtime.isEmpty()) {
            return new Finding.Restamped(held.withStamp(stamp));
        }
        return new Finding.Changed(new Change.SetAttributes(held.id(), mode, mtime), stamp, Optional.empty());
    }

    /// The replicated attributes of what has this stamp.
    public static Attributes attributesOf(Stamp stamp) {
        return switch (stamp.kind()) {
            case DIRECTORY -> new Attributes(stamp.mode() & Attributes.MODE_MASK, 0);
            case SYMLINK -> new Attributes(Attributes.MODE_MASK, stamp.mtimeNanos());
            case FILE, SPECIAL -> new Attributes(stamp.mode() & Attributes.MODE_MASK, stamp.mtimeNanos());
        };
    }

    public static Kind kindOf(Content content) {
        return switch (content) {
            case Content.File file -> Kind.FILE;
            case Content.Directory directory -> Kind.DIRECTORY;
            case Content.Symlink symlink -> Kind.SYMLINK;
        };
    }

    /// Whether a directory stands there now, as far as can be seen.
    public boolean isDirectory(RelativePath path) {
        try {
            Stamp stamp = statOrAbsent(path);
            return stamp != null && stamp.kind() == Kind.DIRECTORY;
        } catch (IOException unreadable) {
            return false;
        }
    }

    /// Whether another directory stands there than the one that is recorded.
    public boolean isOtherDirectory(RelativePath path) {
        Held held = path.isRoot() ? null : index.find(path);
        if (held == null || !held.entry().content().isDirectory()) {
            return false;
        }
        try {
            Stamp stamp = statOrAbsent(path);
            return stamp != null && stamp.kind() == Kind.DIRECTORY && !stamp.isSameInode(held.stamp());
        } catch (IOException unreadable) {
            return false;
        }
    }

    /// Whether an entry stands at a path where it was seen before.
    ///
    /// @return true also if that cannot be told
    public boolean mayStandAt(Held held, RelativePath path) {
        try {
            Stamp stamp = statOrAbsent(path);
            return stamp != null && stamp.isSameInode(held.stamp());
        } catch (IOException unreadable) {
            return true;
        }
    }

    /// The place of a path, with the entry ids that the index knows on the way.
    public Place place(RelativePath path) {
        List<Place.Step> ancestors = new ArrayList<>();
        EntryId parent = EntryId.ROOT;
        boolean isKnown = true;
        for (Name name : path.parent().names()) {
            Held held = isKnown ? index.child(parent, name) : null;
            isKnown = held != null;
            parent = held == null ? EntryId.ROOT : held.id();
            ancestors.add(new Place.Step(parent, name));
        }
        return new Place(ancestors, path.name());
    }

    /// The names below a directory, on disk or in the index.
    ///
    /// @return names in order; those that cannot be replicated are handed to `unnameable`
    /// @throws IOException if the directory cannot be listed: nothing may be concluded about what is in it
    public List<RelativePath> children(RelativePath directory, List<Bytes> unnameable) throws IOException {
        TreeSet<Name> names = new TreeSet<>();
        for (DirectoryItem item : listOrAbsent(directory)) {
            if (item.isNameable()) {
                names.add(item.name());
            } else {
                unnameable.add(item.rawName());
            }
        }
        Held held = directory.isRoot() ? null : index.find(directory);
        if (directory.isRoot() || held != null) {
            EntryId parent = held == null ? EntryId.ROOT : held.id();
            index.children(parent).forEach(child -> names.add(child.entry().name()));
        }
        return names.stream().map(directory::child).toList();
    }

    private List<DirectoryItem> listOrAbsent(RelativePath directory) throws IOException {
        try {
            return root.list(directory);
        } catch (FolderException refused) {
            return switch (refused.errno()) {
                case NOT_FOUND, NOT_DIRECTORY, LOOP -> List.of();
                default -> throw refused;
            };
        }
    }
}
