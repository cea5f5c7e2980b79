package dev.lockstep.materialize;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.failpoint.FailPoint;
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
import org.jspecify.annotations.Nullable;

/// Puts a directory in the place of another entry that is to lie within it. Neither can go first: one waits for its
/// place, the other for its parent. An inner directory is outside the folder for three renames in a row, where nothing
/// else of this node looks; a file goes from within the folder into the outer directory. Owned by the control loop.
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
            giveBack(from, parked);
            return false;
        }
        Name inner = putInto(folder, to, occupant, staging.state(), parked);
        if (inner == null) {
            staging.state().rename(parked, folder, to, RenameMode.EXCHANGE);
            giveBack(from, parked);
            return false;
        }
        note(outer, occupant.at(outer.id(), inner), to);
        return true;
    }

    private void take(Entry outer, @Nullable RelativePath from, RelativePath parked) throws IOException {
        if (from == null) {
            staging.state().mkdir(parked, outer.attributes().mode());
        } else {
            folder.rename(from, staging.state(), parked, RenameMode.NO_REPLACE);
        }
    }

    private void giveBack(@Nullable RelativePath from, RelativePath parked) throws IOException {
        if (from == null) {
            staging.state().rmdir(parked);
        } else {
            staging.state().rename(parked, folder, from, RenameMode.NO_REPLACE);
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
