package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Held;
import dev.lockstep.materialize.RottenFiles;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.propose.PendingChange;
import org.jspecify.annotations.Nullable;

/// Corrects the folder index instead of proposing what the catalog says already: content that was placed just
/// before a kill,
/// files that stand the same in several folders at the first start, a deletion that somebody else proposed as
/// well. Owned by
/// the control loop.
final class Adoption {
    private static final int REVISIONS_MAX = 64;

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
        Revision held = same == null ? null : revisionHeld(put, same);
        if (same == null || held == null) {
            return false;
        }
        Entry here = new Entry(
                same.id(),
                parent,
                change.path().name(),
                put.content(),
                put.attributes(),
                held,
                held.equals(same.revision()) ? same.changed() : held,
                same.isConflictCopy());
        index.put(new Held(here, change.stamp().orElseThrow()));
        placements.enqueue(same.id());
        return true;
    }

    private @Nullable Entry sameEntry(Change.Put put, EntryId id) {
        Entry entry = catalog.read(view -> view.entry(id));
        return entry != null && entry.revision().compareTo(put.base()) > 0 ? entry : null;
    }

    private @Nullable Entry sameChild(Change.Put put, EntryId parent) {
        Entry entry = catalog.read(view -> view.child(parent, put.place().name()));
        return entry != null && index.held(entry.id()) == null ? entry : null;
    }

    /// The revision of the entry that the bytes on disk are: the current one, or one in between, as when the process
    /// ended after it was placed and before that was recorded.
    private @Nullable Revision revisionHeld(Change.Put put, Entry entry) {
        if (entry.content().equals(put.content())) {
            return entry.revision();
        }
        if (!(put.content() instanceof Content.File)) {
            return null;
        }
        return catalog.read(view -> {
            RelativePath path = view.path(entry.id());
            return path == null
                    ? null
                    : view.history(path, REVISIONS_MAX).stream()
                            .filter(line -> line.entry().equals(entry.id()))
                            .flatMap(line -> line.state().stream())
                            .filter(state -> state.content().equals(put.content()))
                            .map(HistoryRecord.State::contentRevision)
                            .filter(revision -> revision.compareTo(put.base()) > 0)
                            .findFirst()
                            .orElse(null);
        });
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

    /// The path that what stands here would have in the catalog. It is another one while a directory cannot follow the
    /// catalog: in its way may be one that is kept for the ignored entries in it.
    RelativePath pathInCatalog(RelativePath path) {
        if (path.isRoot()) {
            return path;
        }
        Held held = index.find(path);
        RelativePath there = held == null ? null : catalog.read(view -> view.path(held.id()));
        return there != null ? there : pathInCatalog(path.parent()).child(path.name());
    }
}
