package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Held;
import dev.lockstep.materialize.RottenFiles;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import org.jspecify.annotations.Nullable;

/// Corrects the folder index instead of proposing what the catalog says already: content that was placed just
/// before a kill,
/// files that stand the same in several folders at the first start, a deletion that somebody else proposed as
/// well. Owned by
/// the control loop.
final class Adoption {
    private final Catalog catalog;
    private final FolderIndex index;
    private final Placements placements;
    private final RottenFiles rotten;

    Adoption(Catalog catalog, FolderIndex index, Placements placements, RottenFiles rotten) {
        this.catalog = catalog;
        this.index = index;
        this.placements = placements;
        this.rotten = rotten;
    }

    /// @return whether nothing is left to be proposed
    boolean adopt(PendingChange change) {
        return change.change() instanceof Change.Put put
                && change.stamp().isPresent()
                && (isRot(change, put) || adoptContent(change, put));
    }

    /// Bytes that the disk has spoilt are no edit, whatever is done to the file besides.
    private boolean isRot(PendingChange change, Change.Put put) {
        Held held = put.entry().map(index::held).orElse(null);
        boolean isRot = held != null
                && put.content() instanceof Content.File file
                && file.digest().equals(rotten.digest(held));
        if (held != null && isRot) {
            index.put(held.withStamp(change.stamp().orElseThrow()));
            placements.enqueue(held.id());
        }
        return isRot;
    }

    private boolean adoptContent(PendingChange change, Change.Put put) {
        EntryId parent = heldDirectory(change.path().parent());
        if (parent == null) {
            return false;
        }
        Entry same = put.entry().isPresent() ? sameEntry(put, put.entry().get()) : sameChild(put, parent);
        if (same == null) {
            return false;
        }
        Entry here = new Entry(
                same.id(),
                parent,
                change.path().name(),
                put.content(),
                put.attributes(),
                same.revision(),
                same.changed(),
                same.isConflictCopy());
        index.put(new Held(here, change.stamp().orElseThrow()));
        placements.enqueue(same.id());
        return true;
    }

    private @Nullable Entry sameEntry(Change.Put put, EntryId id) {
        Entry entry = catalog.read(view -> view.entry(id));
        boolean isSame = entry != null
                && entry.revision().compareTo(put.base()) > 0
                && entry.content().equals(put.content());
        return isSame ? entry : null;
    }

    private @Nullable Entry sameChild(Change.Put put, EntryId parent) {
        Entry entry = catalog.read(view -> view.child(parent, put.place().name()));
        boolean isSame = entry != null && entry.content().equals(put.content()) && index.held(entry.id()) == null;
        return isSame ? entry : null;
    }

    /// The entry of a directory that this folder holds, the root included.
    @Nullable
    EntryId heldDirectory(RelativePath directory) {
        if (directory.isRoot()) {
            return EntryId.ROOT;
        }
        Held held = index.find(directory);
        return held != null && held.entry().content().isDirectory() ? held.id() : null;
    }
}
