package dev.lockstep.materialize;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.DirectoryItem;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.IgnoredPaths;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Brings single entries of the folder to the state of the catalog, however far apart they are. Each step is
/// atomic and
/// is followed by the index record that says so; a crash in between is seen by the next scan, which finds the
/// bytes of a
/// committed revision. Owned by the control loop.
public final class Materializer {
    /// Longer chains of entries in each other's places are left to the exchange of two of them.
    private static final int RING_MAX = 64;

    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot folder;
    private final DisplacedFiles displacedFiles;
    private final Staging staging;
    private final IgnoredPaths ignored;
    private final Inversion inversion;
    private final RottenFiles rotten;
    private final Consumer<EntryId> forgotten;
    private final Predicate<RelativePath> isBusy;
    private final Predicate<RelativePath> isAnyBusyAtOrBelow;

    /// @param staged             the directory in `state` where revisions are put down before they are placed
    /// @param incarnation        of this node, counted at each start
    /// @param displacedFiles     takes what came out of the folder
    /// @param ignored            what is never touched
    /// @param rotten             files that are to be placed again
    /// @param forgotten          takes entries whose records went with that of their directory
    /// @param isBusy             whether a local change at the path is on its way to the cluster
    /// @param isAnyBusyAtOrBelow the same for anything at or below it
    public Materializer(
            Catalog catalog,
            FolderIndex index,
            FolderRoot folder,
            FolderRoot state,
            RelativePath staged,
            LocalContents contents,
            long incarnation,
            DisplacedFiles displacedFiles,
            IgnoredPaths ignored,
            RottenFiles rotten,
            Consumer<EntryId> forgotten,
            Predicate<RelativePath> isBusy,
            Predicate<RelativePath> isAnyBusyAtOrBelow) {
        this.catalog = catalog;
        this.index = index;
        this.folder = folder;
        this.displacedFiles = displacedFiles;
        this.staging = new Staging(state, staged, contents, incarnation);
        this.ignored = ignored;
        this.inversion = new Inversion(catalog, index, folder, staging, this::giveBack);
        this.rotten = rotten;
        this.forgotten = forgotten;
        this.isBusy = isBusy;
        this.isAnyBusyAtOrBelow = isAnyBusyAtOrBelow;
    }

    public Placing materialize(EntryId id) {
        Held have = index.held(id);
        Entry want = catalog.read(view -> view.entry(id));
        RelativePath here = have == null ? null : index.path(id);
        try {
            if (ignored.isAny() && isIgnored(want, have, here)) {
                return want == null ? forget(id) : new Placing.Ignored();
            }
            Placing placing = place(want, have, here);
            return placing instanceof Placing.LocalChange(RelativePath path) ? unlessIgnored(path) : placing;
        } catch (IOException refused) {
            RelativePath path = here != null ? here : want == null ? RelativePath.ROOT : target(want);
            return new Placing.Refused(path == null ? RelativePath.ROOT : path, String.valueOf(refused.getMessage()));
        }
    }

    private Placing place(@Nullable Entry want, @Nullable Held have, @Nullable RelativePath here) throws IOException {
        if (have != null && isOverwritten(have)) {
            forget(have.id());
            return want == null ? new Placing.Done() : create(want);
        }
        if (have == null || here == null) {
            // A record below what this folder no longer holds says nothing any more.
            return want == null ? forget(have == null ? null : have.id()) : create(want);
        }
        if (want != null) {
            return update(want, have, here);
        }
        if (!rotten.isDamaged(have) && catalog.read(view -> view.isReleased(have.id()))) {
            forget(have.id());
            return new Placing.Released(here);
        }
        return remove(have, here);
    }

    /// Whether another entry is recorded at its place, as after a power loss that took a part of the records.
    private boolean isOverwritten(Held have) {
        Held there = index.child(have.entry().parent(), have.entry().name());
        return there == null || !there.id().equals(have.id());
    }

    /// Whether the place of the entry is ignored: the one it shall have, or if it is deleted, the one it has.
    private boolean isIgnored(@Nullable Entry want, @Nullable Held have, @Nullable RelativePath here) {
        if (want == null) {
            return have != null
                    && here != null
                    && ignored.isIgnored(here, have.entry().content().isDirectory());
        }
        // As the cluster has it: its directory may not stand here, or still elsewhere.
        RelativePath there = catalog.read(view -> view.path(want.id()));
        return there != null && ignored.isIgnored(there, want.content().isDirectory());
    }

    /// Whatever stands at the path is the user's alone from now on. What was below may have to stand elsewhere.
    private Placing forget(@Nullable EntryId id) {
        if (id != null) {
            for (EntryId each : index.subtree(id, Set.of())) {
                index.remove(each);
                if (!each.equals(id)) {
                    forgotten.accept(each);
                }
            }
        }
        return new Placing.Done();
    }

    /// A scan would say nothing of what is ignored.
    private Placing unlessIgnored(RelativePath path) throws IOException {
        if (ignored.isAny() && !path.isRoot()) {
            Stamp stamp = folder.stat(path);
            if (stamp != null && ignored.isIgnored(path, stamp.kind() == Kind.DIRECTORY)) {
                return new Placing.Refused(path, "an ignored entry stands here");
            }
        }
        return new Placing.LocalChange(path);
    }

    /// The path that the catalog wants the entry at, as far as this folder's directories are in place.
    private @Nullable RelativePath target(Entry want) {
        if (want.parent().equals(EntryId.ROOT)) {
            return RelativePath.ROOT.child(want.name());
        }
        RelativePath parent = index.path(want.parent());
        return parent == null ? null : parent.child(want.name());
    }

    // --- a new entry ---

    private Placing create(Entry want) throws IOException {
        RelativePath path = target(want);
        if (path == null) {
            return new Placing.After(want.parent());
        }
        if (isBusy.test(path)) {
            return new Placing.Busy(path);
        }
        Held occupant = index.child(want.parent(), want.name());
        if (occupant != null && !occupant.id().equals(want.id())) {
            boolean isSuccessor =
                    want.content().isDirectory() && occupant.entry().content().isDirectory() && isDeleted(occupant);
            return isSuccessor ? succeed(want, occupant) : goesFirst(want, null, null, occupant, path);
        }
        if (want.content().isDirectory()) {
            return createDirectory(want, path);
        }
        if (!staging.isAtHand(want.content()) && folder.stat(path) != null) {
            return new Placing.LocalChange(path);
        }
        Staging.Staged staged = staging.stage(want);
        if (staged == null) {
            return new Placing.ContentMissing((Content.File) want.content());
        }
        try {
            staging.state().rename(staged.path(), folder, path, RenameMode.NO_REPLACE);
        } catch (FolderException refused) {
            staging.giveBack(want.content(), staged);
            return refusedAt(path, refused);
        }
        FailPoint.reach("placing.created");
        return placed(want, path, staged.stamp());
    }

    /// A directory was deleted, and made again for the sake of what was put into it meanwhile. The one on disk
    /// becomes the new one, with all that is in it: were it removed first, what is in it would wait for the new
    /// one, which waits for the old one to go.
    private Placing succeed(Entry want, Held deleted) {
        for (Held child : index.children(deleted.id())) {
            index.put(child.at(want.id(), child.entry().name()));
        }
        index.remove(deleted.id());
        index.put(new Held(want.withAttributes(deleted.entry().attributes()), deleted.stamp()));
        return materialize(want.id());
    }

    /// The place is taken by another entry: that goes first, unless it shall go into this one.
    ///
    /// @param have where the entry stands now, null for a new one
    private Placing goesFirst(
            Entry want, @Nullable Held have, @Nullable RelativePath from, Held occupant, RelativePath to)
            throws IOException {
        if (have != null && from != null && from.startsWith(to) && isDeleted(occupant)) {
            return leave(want, have, from, occupant, to);
        }
        if (!want.content().isDirectory() || !inversion.isToLieWithin(occupant.id(), want.id())) {
            return afterOccupant(occupant, to);
        }
        if (isAnyBusyAtOrBelow.test(to) || (from != null && isAnyBusyAtOrBelow.test(from))) {
            return new Placing.Busy(to);
        }
        return inversion.turn(want, from, occupant, to) ? materialize(want.id()) : new Placing.LocalChange(to);
    }

    /// The entry stands in the deleted directory whose place it shall have. A directory takes it with that one within.
    private Placing leave(Entry want, Held have, RelativePath from, Held deleted, RelativePath to) throws IOException {
        if (isAnyBusyAtOrBelow.test(to)) {
            return new Placing.Busy(to);
        }
        if (!want.content().isDirectory()) {
            Optional<Placing> first = inversion.unwrap(want, have, from, to);
            return first.isPresent() ? first.get() : materialize(want.id());
        }
        Placing first = inversion.firstUnknown(deleted, to);
        if (first != null) {
            return first;
        }
        return inversion.turn(want, from, deleted, to) ? materialize(want.id()) : new Placing.LocalChange(to);
    }

    private boolean isDeleted(Held held) {
        return catalog.read(view -> view.entry(held.id())) == null;
    }

    private Placing createDirectory(Entry want, RelativePath path) throws IOException {
        try {
            folder.mkdir(path, want.attributes().mode());
            FailPoint.pass("placing.directory");
        } catch (FolderException refused) {
            return refusedAt(path, refused);
        }
        Stamp stamp = folder.stat(path);
        if (stamp == null || stamp.kind() != Kind.DIRECTORY) {
            // A program has put something else there at that very moment.
            return new Placing.LocalChange(path);
        }
        return recorded(want, path, stamp);
    }

    /// Records what has just got its attributes. A mode that a program has set since is left for the scan to find.
    private Placing recorded(Entry want, RelativePath path, Stamp stamp) {
        int mode = want.attributes().mode();
        boolean isOurs = stamp.kind() == Kind.SYMLINK || (stamp.mode() & Attributes.MODE_MASK) == mode;
        index.put(new Held(want, isOurs ? stamp : stamp.withMode(mode)));
        return isOurs ? new Placing.Done() : new Placing.LocalChange(path);
    }

    /// Something unknown is in the way: the scan says what it is. Anything else is the disk's refusal.
    private static Placing refusedAt(RelativePath path, FolderException refused) throws FolderException {
        return switch (refused.errno()) {
            case EXISTS -> new Placing.LocalChange(path);
            case NOT_FOUND, NOT_DIRECTORY, LOOP -> new Placing.LocalChange(path.parent());
            default -> throw refused;
        };
    }

    /// Records what was just placed. What a program did to it since shows in size, mtime or mode: then the record keeps
    /// the stamp of our own bytes, which the scan will find changed.
    private Placing placed(Entry want, RelativePath path, Stamp own) throws IOException {
        Stamp now = folder.stat(path);
        boolean isOurs = now != null
                && now.isSameInode(own)
                && now.sizeBytes() == own.sizeBytes()
                && now.mtimeNanos() == own.mtimeNanos()
                && now.mode() == own.mode();
        index.put(new Held(want, now != null && isOurs ? now : own));
        return isOurs ? new Placing.Done() : new Placing.LocalChange(path);
    }

    // --- a deletion ---

    private Placing remove(Held have, RelativePath path) throws IOException {
        if (isAnyBusyAtOrBelow.test(path) || isBusy.test(path)) {
            return new Placing.Busy(path);
        }
        Stamp now = folder.stat(path);
        if (have.entry().content().isDirectory()) {
            return now != null && isAsHeld(have, now) ? removeDirectory(have, path) : new Placing.LocalChange(path);
        }
        if (now == null || !now.isUnchangedSince(have.stamp())) {
            return new Placing.LocalChange(path);
        }
        RelativePath displaced = staging.gone(have.entry());
        folder.rename(path, staging.state(), displaced, RenameMode.NO_REPLACE);
        FailPoint.pass("placing.removed");
        if (!isWhatWasHeld(have, displaced)) {
            giveBack(have, displaced, path);
            return new Placing.LocalChange(path);
        }
        keep(asOnDisk(have), path, displaced, true);
        FailPoint.pass("placing.deleted");
        rotten.remove(have.id());
        index.remove(have.id());
        return new Placing.Done();
    }

    private Placing removeDirectory(Held have, RelativePath path) throws IOException {
        for (Held child : index.children(have.id())) {
            Placing gone =
                    removeIfDeletedDirectory(child, path.child(child.entry().name()));
            if (!(gone instanceof Placing.Done || gone instanceof Placing.Kept)) {
                return new Placing.After(child.id());
            }
        }
        try {
            folder.rmdir(path);
        } catch (FolderException refused) {
            if (refused.errno() == Errno.NOT_EMPTY || refused.errno() == Errno.EXISTS) {
                if (ignored.isAny() && holdsOnlyIgnored(have, path)) {
                    return new Placing.Kept(path, "deleted, but stays here as long as it holds ignored entries");
                }
                // What is inside is not known yet: it will be created in the catalog, and with it this directory.
                index.remove(have.id());
                return new Placing.LocalChange(path);
            }
            throw refused;
        }
        index.remove(have.id());
        return new Placing.Done();
    }

    private Placing removeIfDeletedDirectory(Held child, RelativePath path) throws IOException {
        return child.entry().content().isDirectory() && isDeleted(child)
                ? remove(child, path)
                : new Placing.After(child.id());
    }

    /// Ignored entries, or deleted directories that are kept for theirs.
    private boolean holdsOnlyIgnored(Held have, RelativePath path) throws IOException {
        boolean isAnyIgnored = false;
        for (DirectoryItem item : folder.list(path)) {
            if (!item.isNameable()) {
                return false;
            }
            RelativePath child = path.child(item.name());
            Stamp stamp = folder.stat(child);
            boolean isDirectory = stamp != null && stamp.kind() == Kind.DIRECTORY;
            Held held = isDirectory ? index.child(have.id(), item.name()) : null;
            boolean isKept = held != null && isDeleted(held);
            if (stamp != null && !isKept && !ignored.isIgnored(child, isDirectory)) {
                return false;
            }
            isAnyIgnored = true;
        }
        return isAnyIgnored;
    }

    /// What stands at the wanted place goes first, unless it is to stay.
    private Placing afterOccupant(Held occupant, RelativePath path) throws IOException {
        return removeIfDeletedDirectory(occupant, path) instanceof Placing.Kept
                ? new Placing.Refused(path, "a directory with ignored entries stands here")
                : new Placing.After(occupant.id());
    }

    /// Takes a file out of the folder whose bytes are a revision that stands there under another name as well.
    ///
    /// @param spare what stands at the path, as an entry that the index does not know to be there
    /// @return whether it is gone; if not, the path is to be scanned
    public boolean takeOut(Held spare, RelativePath path) throws IOException {
        Stamp now = folder.stat(path);
        if (now == null || !now.isUnchangedSince(spare.stamp())) {
            return false;
        }
        RelativePath displaced = staging.gone(spare.entry());
        folder.rename(path, staging.state(), displaced, RenameMode.NO_REPLACE);
        if (!isWhatWasHeld(spare, displaced)) {
            giveBack(spare, displaced, path);
            return false;
        }
        keep(spare.entry(), path, displaced, true);
        return true;
    }

    // --- an entry that is here already ---

    /// Torn bytes are brought nowhere.
    private Placing placeAnew(Entry want, Held have, RelativePath here) throws IOException {
        Placing gone = remove(have, here);
        return gone instanceof Placing.Done ? create(want) : gone;
    }

    private Placing update(Entry want, Held have, RelativePath here) throws IOException {
        Entry old = have.entry();
        if (isBusy.test(here)) {
            return new Placing.Busy(here);
        }
        if (!old.parent().equals(want.parent()) || !old.name().equals(want.name())) {
            return rotten.isDamaged(have) ? placeAnew(want, have, here) : move(want, have, here);
        }
        if (!old.content().equals(want.content()) || rotten.digest(have) != null) {
            return replace(want, have, here);
        }
        if (!old.attributes().equals(want.attributes())) {
            return setAttributes(want, have, here);
        }
        if (!old.equals(want)) {
            index.put(new Held(want, have.stamp(), have.isSettled()));
        }
        return new Placing.Done();
    }

    private Placing move(Entry want, Held have, RelativePath from) throws IOException {
        RelativePath to = target(want);
        if (to == null) {
            return new Placing.After(want.parent());
        }
        if (isAnyBusyAtOrBelow.test(from) || isAnyBusyAtOrBelow.test(to) || isBusy.test(to)) {
            return new Placing.Busy(from);
        }
        Stamp now = folder.stat(from);
        if (now == null || !now.isSameInode(have.stamp())) {
            return isLeftToUser(have, from) ? anew(want) : new Placing.LocalChange(from);
        }
        Held occupant = index.child(want.parent(), want.name());
        if (occupant != null) {
            return makeRoom(want, have, from, occupant, to);
        }
        if (to.startsWith(from)) {
            // A directory of the way down is still below: it moves first.
            return new Placing.After(want.parent());
        }
        try {
            folder.rename(from, folder, to, RenameMode.NO_REPLACE);
        } catch (FolderException refused) {
            return refusedAt(to, refused);
        }
        FailPoint.pass("placing.moved");
        return moved(want, have, to);
    }

    /// Of what is missing under an ignored name no scan tells, and it cannot be brought elsewhere from there.
    private boolean isLeftToUser(Held have, RelativePath path) {
        return ignored.isAny() && ignored.isIgnored(path, have.entry().content().isDirectory());
    }

    private Placing anew(Entry want) throws IOException {
        forget(want.id());
        return create(want);
    }

    /// The rename changed the ctime, and a program may have changed more at that very moment: the stamp stays the old
    /// one, so that the next scan looks.
    private Placing moved(Entry want, Held have, RelativePath to) throws IOException {
        Held there = have.at(want.parent(), want.name());
        index.put(there);
        return update(want, there, to);
    }

    /// The target is taken by another entry. If that one only waits for our place, the two are exchanged in
    /// one step, which
    /// also undoes rings of renames one by one; otherwise it goes first.
    private Placing makeRoom(Entry want, Held have, RelativePath from, Held occupant, RelativePath to)
            throws IOException {
        if (!waitsForPlace(occupant.id(), have.id()) || to.startsWith(from) || from.startsWith(to)) {
            return goesFirst(want, have, from, occupant, to);
        }
        Stamp there = folder.stat(to);
        if (there == null || !there.isSameInode(occupant.stamp())) {
            return new Placing.LocalChange(to);
        }
        folder.rename(from, folder, to, RenameMode.EXCHANGE);
        EntryId oldParent = have.entry().parent();
        Name oldName = have.entry().name();
        index.remove(occupant.id());
        Placing placing = moved(want, have, to);
        index.put(occupant.at(oldParent, oldName));
        return placing;
    }

    /// Whether another entry stands where this one shall, or its directory is not in place because `taker` stands in
    /// the
    /// way, be it at the end of a chain.
    private boolean waitsForPlace(EntryId id, EntryId taker) {
        return catalog.read(view -> {
            EntryId at = id;
            for (int steps = 0; steps < RING_MAX; steps++) {
                Entry wanted = view.entry(at);
                if (wanted == null) {
                    return false;
                }
                Held there = index.child(wanted.parent(), wanted.name());
                boolean isInPlace = wanted.parent().equals(EntryId.ROOT) || index.held(wanted.parent()) != null;
                if (isInPlace && at.equals(id)) {
                    return there != null && !there.id().equals(id);
                }
                if (isInPlace && (there == null || there.id().equals(at))) {
                    return false;
                }
                at = isInPlace ? Objects.requireNonNull(there).id() : wanted.parent();
                if (at.equals(taker)) {
                    return true;
                }
            }
            return false;
        });
    }

    private Placing replace(Entry want, Held have, RelativePath path) throws IOException {
        Stamp now = folder.stat(path);
        if (now == null || !now.isUnchangedSince(have.stamp())) {
            return new Placing.LocalChange(path);
        }
        Entry out = asOnDisk(have);
        Staging.Staged staged = staging.stageFor(want, out);
        if (staged == null) {
            return new Placing.ContentMissing((Content.File) want.content());
        }
        try {
            staging.state().rename(staged.path(), folder, path, RenameMode.EXCHANGE);
        } catch (FolderException refused) {
            staging.giveBack(want.content(), staged);
            return refusedAt(path, refused);
        }
        FailPoint.pass("placing.exchanged");
        if (!isWhatWasHeld(have, staged.path())) {
            return undo(want, have, staged, path);
        }
        Placing placing = placed(want, path, staged.stamp());
        FailPoint.pass("placing.recorded");
        keep(out, path, staged.path(), !out.content().equals(want.content()));
        rotten.remove(have.id());
        return placing;
    }

    /// What came out of the exchange was written by a program and goes back. If our own file does not come out in
    /// turn, a program has replaced that as well: the newer one goes back, the older one is a displaced edit.
    private Placing undo(Entry want, Held have, Staging.Staged staged, RelativePath path) throws IOException {
        for (int turn = 0; turn < 2; turn++) {
            try {
                staging.state().rename(staged.path(), folder, path, RenameMode.EXCHANGE);
            } catch (FolderException refused) {
                break;
            }
            Stamp out = staging.state().stat(staged.path());
            if (out != null && out.isSameInode(staged.stamp())) {
                // It stood in the folder for a moment, in which a program may have opened it.
                keep(want, path, staged.path(), true);
                return new Placing.LocalChange(path);
            }
        }
        giveBack(have, staged.path(), path);
        return new Placing.LocalChange(path);
    }

    private Placing setAttributes(Entry want, Held have, RelativePath path) throws IOException {
        Stamp now = folder.stat(path);
        if (now == null || !now.isUnchangedSince(have.stamp())) {
            return new Placing.LocalChange(path);
        }
        if (now.links() > 1 && !want.content().isDirectory()) {
            // Its other names would get the attributes, too: a copy takes this one's place.
            return replace(want, have, path);
        }
        if (!(want.content() instanceof Content.Symlink)) {
            folder.chmod(path, want.attributes().mode());
        }
        if (!want.content().isDirectory()) {
            folder.setMtime(path, want.attributes().mtimeNanos());
        }
        Stamp after = folder.stat(path);
        if (after == null
                || !after.isSameInode(now)
                || after.sizeBytes() != now.sizeBytes()
                || isAttributeSetMeanwhile(want, now, after)) {
            return new Placing.LocalChange(path);
        }
        return recorded(want, path, after);
    }

    /// Whether a program set other times or bits right after placing did. Bits that are as before are bits that the
    /// file system cannot hold.
    private static boolean isAttributeSetMeanwhile(Entry want, Stamp before, Stamp after) {
        Attributes wanted = want.attributes();
        boolean isMode = (after.mode() & Attributes.MODE_MASK) == wanted.mode() || after.mode() == before.mode();
        boolean isTime = want.content().isDirectory() || after.mtimeNanos() == wanted.mtimeNanos();
        return !(isMode && isTime);
    }

    // --- what was displaced ---

    /// Puts back what a program wrote; if the name is taken again, or its directory gone, the cluster decides.
    private void giveBack(Held have, RelativePath displaced, RelativePath path) {
        try {
            staging.state().rename(displaced, folder, path, RenameMode.NO_REPLACE);
        } catch (FolderException refused) {
            displacedFiles.propose(have.id(), have.entry().revision(), path, displaced);
        }
    }

    private boolean isWhatWasHeld(Held have, RelativePath displaced) throws IOException {
        Stamp out = staging.state().stat(displaced);
        return out != null && isAsHeld(have, out);
    }

    /// All of the stamp but ctime, which a rename changes. A directory's times are not its own.
    private static boolean isAsHeld(Held have, Stamp now) {
        Stamp before = have.stamp();
        boolean isDirectory = have.entry().content().isDirectory();
        return now.isSameInode(before)
                && now.kind() == before.kind()
                && (isDirectory || (now.sizeBytes() == before.sizeBytes() && now.mtimeNanos() == before.mtimeNanos()));
    }

    /// The entry with the bytes that stand on disk for it, which are others if the disk has spoilt them.
    private Entry asOnDisk(Held have) {
        Digest rot = rotten.digest(have);
        if (rot == null) {
            return have.entry();
        }
        Entry entry = have.entry();
        return new Entry(
                entry.id(),
                entry.parent(),
                entry.name(),
                new Content.File(rot, have.stamp().sizeBytes()),
                entry.attributes(),
                entry.revision(),
                entry.changed(),
                entry.isConflictCopy());
    }

    private void keep(Entry was, RelativePath path, RelativePath displaced, boolean isOld) throws IOException {
        if (was.content() instanceof Content.File file) {
            displacedFiles.keep(new DisplacedFile(was.id(), was.revision(), file, path, displaced, isOld));
        } else {
            staging.discard(displaced);
        }
    }
}
