package dev.lockstep.materialize;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.DirectoryItem;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Puts a directory in the place of another entry that is to lie within it. Neither can go first: one waits for its
/// place, the other for its parent. An inner directory is outside the folder for three renames in a row, where nothing
/// else of this node looks; a file goes from within the folder into the outer directory.
///
/// The other way round, an entry takes the place of the deleted directory in which it stands: one waits for its place,
/// the other to be empty. Owned by the control loop.
final class Inversion {
    private static final int NAMES_MAX = 1000;

    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot folder;
    private final Staging staging;
    private final GiveBack giveBack;

    /// Puts back what came out of the folder.
    @FunctionalInterface
    interface GiveBack {
        void to(Held have, RelativePath displaced, RelativePath path);
    }

    Inversion(Catalog catalog, FolderIndex index, FolderRoot folder, Staging staging, GiveBack giveBack) {
        this.catalog = catalog;
        this.index = index;
        this.folder = folder;
        this.staging = staging;
        this.giveBack = giveBack;
    }

    /// Whether the catalog wants `inner` somewhere below `outer`.
    boolean isToLieWithin(EntryId inner, EntryId outer) {
        return catalog.read(view -> {
            Entry at = view.entry(inner);
            while (at != null && !at.parent().equals(outer)) {
                at = view.entry(at.parent());
            }
            return at != null;
        });
    }

    /// @param from     where the outer directory stands now; null if it does not stand anywhere
    /// @param occupant the inner one
    /// @param to       where the inner one stands, and the outer one shall
    /// @return whether it is done, and the index says so; if not, `to` is to be scanned
    boolean turn(Entry outer, @Nullable RelativePath from, Held occupant, RelativePath to) throws IOException {
        Stamp there = folder.stat(to);
        if (there == null || there.kind() != occupant.stamp().kind() || !there.isSameInode(occupant.stamp())) {
            return false;
        }
        if (there.kind() != Kind.DIRECTORY) {
            return from == null ? wrap(outer, occupant, to) : moveIn(outer, from, occupant, to);
        }
        RelativePath parked = staging.parked(outer);
        take(outer, from, parked);
        try {
            staging.state().rename(parked, folder, to, RenameMode.EXCHANGE);
        } catch (FolderException refused) {
            giveBack(outer, from, parked, to);
            return false;
        }
        Name inner = putInto(folder, to, occupant, staging.state(), parked);
        if (inner == null) {
            undo(outer, from, occupant, parked, to);
            return false;
        }
        note(outer, occupant.at(outer.id(), inner), to);
        return true;
    }

    /// Puts a file in the place of a deleted directory in which it stands, and with it nothing else.
    ///
    /// @param inner the file
    /// @param from  where it stands
    /// @param to    where the directory stands, and the file shall
    /// @return nothing if it is done, and the index says so; else what comes first
    Optional<Placing> unwrap(Entry wanted, Held inner, RelativePath from, RelativePath to) throws IOException {
        Placing first = firstOfOthers(from, to);
        if (first != null) {
            return Optional.of(first);
        }
        RelativePath out = staging.gone(inner.entry());
        folder.rename(from, staging.state(), out, RenameMode.NO_REPLACE);
        FailPoint.pass("inversion.out");
        Stamp stamp = staging.state().stat(out);
        if (stamp == null || !isSameFile(stamp, inner.stamp())) {
            giveBack.to(inner, out, from);
            return Optional.of(new Placing.LocalChange(from));
        }
        for (RelativePath at = from.parent(); at.startsWith(to); at = at.parent()) {
            Held directory = index.find(at);
            try {
                folder.rmdir(at);
            } catch (FolderException refused) {
                giveBack.to(inner, out, from);
                return Optional.of(new Placing.LocalChange(at));
            }
            if (directory != null) {
                index.remove(directory.id());
            }
        }
        FailPoint.pass("inversion.unwrapped");
        try {
            staging.state().rename(out, folder, to, RenameMode.NO_REPLACE);
        } catch (FolderException taken) {
            index.remove(inner.id());
            giveBack.to(inner, out, to);
            return Optional.of(new Placing.LocalChange(to));
        }
        FailPoint.pass("inversion.back");
        index.put(inner.at(wanted.parent(), wanted.name()));
        return Optional.empty();
    }

    private static boolean isSameFile(Stamp now, Stamp before) {
        return now.isSameInode(before)
                && now.kind() == before.kind()
                && now.sizeBytes() == before.sizeBytes()
                && now.mtimeNanos() == before.mtimeNanos();
    }

    /// What else is in the directories from `from` up to `to`, or is one of them that is not deleted.
    private @Nullable Placing firstOfOthers(RelativePath from, RelativePath to) throws IOException {
        for (RelativePath at = from; !at.equals(to); at = at.parent()) {
            RelativePath directory = at.parent();
            Held held = index.find(directory);
            if (held == null) {
                return new Placing.LocalChange(directory);
            }
            if (catalog.read(view -> view.entry(held.id())) != null) {
                return new Placing.After(held.id());
            }
            Placing first = firstOfOthers(held, directory, at.name());
            if (first != null) {
                return first;
            }
        }
        return null;
    }

    /// @param inner the name of what is to come out
    private @Nullable Placing firstOfOthers(Held held, RelativePath directory, Name inner) throws IOException {
        for (Held child : index.children(held.id())) {
            if (!child.entry().name().equals(inner)) {
                return new Placing.After(child.id());
            }
        }
        return firstUnknown(held, directory);
    }

    /// @return the first entry of a directory that the index does not know there; null if there is none
    @Nullable
    Placing firstUnknown(Held held, RelativePath directory) throws IOException {
        for (DirectoryItem item : folder.list(directory)) {
            if (!item.isNameable()) {
                return new Placing.Refused(directory, "holds a name that cannot be replicated");
            }
            if (index.child(held.id(), item.name()) == null) {
                return new Placing.LocalChange(directory.child(item.name()));
            }
        }
        return null;
    }

    private void take(Entry outer, @Nullable RelativePath from, RelativePath parked) throws IOException {
        if (from == null) {
            staging.state().mkdir(parked, outer.attributes().mode());
        } else {
            folder.rename(from, staging.state(), parked, RenameMode.NO_REPLACE);
        }
    }

    private void undo(Entry outer, @Nullable RelativePath from, Held occupant, RelativePath parked, RelativePath to)
            throws IOException {
        try {
            staging.state().rename(parked, folder, to, RenameMode.EXCHANGE);
        } catch (FolderException gone) {
            // A program has taken the outer one away.
            giveBack.to(occupant, parked, to);
            return;
        }
        giveBack(outer, from, parked, to);
    }

    private void giveBack(Entry outer, @Nullable RelativePath from, RelativePath parked, RelativePath to)
            throws IOException {
        try {
            if (from == null) {
                staging.state().rmdir(parked);
            } else {
                staging.state().rename(parked, folder, from, RenameMode.NO_REPLACE);
            }
        } catch (FolderException refused) {
            // A program has put something into it, or there.
            Stamp stamp = staging.state().stat(parked);
            if (stamp != null) {
                giveBack.to(new Held(outer, stamp), parked, from == null ? to : from);
            }
        }
    }

    /// The outer directory stands elsewhere in the folder, and leaves for its place once this one is free.
    private boolean moveIn(Entry outer, RelativePath from, Held occupant, RelativePath to) {
        Name inner = putInto(folder, from, occupant, folder, to);
        if (inner == null) {
            return false;
        }
        FailPoint.pass("inversion.moved");
        index.put(occupant.at(outer.id(), inner));
        return true;
    }

    /// The outer directory is new: it is made around the file, and comes into the folder with it.
    private boolean wrap(Entry outer, Held occupant, RelativePath to) throws IOException {
        RelativePath parked = staging.parked(outer);
        staging.state().mkdir(parked, outer.attributes().mode());
        Name inner = putInto(staging.state(), parked, occupant, folder, to);
        if (inner == null) {
            staging.state().rmdir(parked);
            return false;
        }
        FailPoint.pass("inversion.wrapped");
        try {
            staging.state().rename(parked, folder, to, RenameMode.NO_REPLACE);
        } catch (FolderException taken) {
            RelativePath out = staging.gone(occupant.entry());
            staging.state().rename(parked.child(inner), staging.state(), out, RenameMode.NO_REPLACE);
            staging.state().rmdir(parked);
            giveBack.to(occupant, out, to);
            return false;
        }
        FailPoint.pass("inversion.placed");
        note(outer, occupant.at(outer.id(), inner), to);
        return true;
    }

    /// @return the name that was free for it; from there it is moved on as any other entry. Null if there is none
    private @Nullable Name putInto(
            FolderRoot target, RelativePath directory, Held occupant, FolderRoot source, RelativePath path) {
        Entry wanted = catalog.read(view -> view.entry(occupant.id()));
        Name name = wanted == null ? occupant.entry().name() : wanted.name();
        for (int number = 1; number <= NAMES_MAX; number++) {
            try {
                source.rename(path, target, directory.child(name), RenameMode.NO_REPLACE);
                return name;
            } catch (FolderException refused) {
                if (refused.errno() != Errno.EXISTS) {
                    return null;
                }
                name = Name.of("displaced-" + occupant.id() + "-" + number);
            }
        }
        return null;
    }

    private void note(Entry outer, Held inner, RelativePath to) throws IOException {
        Held before = index.held(outer.id());
        if (before != null) {
            index.put(before.at(outer.parent(), outer.name()));
        } else {
            Stamp made = folder.stat(to);
            // If it is gone again already, the scan finds the inner one as something new.
            index.put(new Held(outer, made == null ? inner.stamp() : made));
        }
        index.put(inner);
    }
}
