package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Directories whose renaming survived a power loss and whose record of it did not: they stand where the catalog has
/// them. Without their records what stands in their old places now would be taken for them, and they for new ones.
final class UnrecordedMoves {
    private static final Logger log = LoggerFactory.getLogger(UnrecordedMoves.class);

    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;

    UnrecordedMoves(Catalog catalog, FolderIndex index, FolderRoot root) {
        this.catalog = catalog;
        this.index = index;
        this.root = root;
    }

    /// Records them where they stand.
    ///
    /// @param syncedIndex of the last sync point: what was renamed before is recorded
    void record(long syncedIndex) {
        Map<EntryId, Held> moved = new LinkedHashMap<>();
        index.forEach(held -> {
            Entry live = held.entry().content().isDirectory() ? movedEntry(held, syncedIndex) : null;
            if (live != null && isThere(held)) {
                moved.put(held.id(), held.at(live.parent(), live.name()));
            }
        });
        moved.values().removeIf(held -> isPlaceTaken(held, moved));
        if (!moved.isEmpty()) {
            index.putAll(java.util.List.copyOf(moved.values()));
        }
    }

    private @Nullable Entry movedEntry(Held held, long syncedIndex) {
        Entry live = catalog.read(view -> view.entry(held.id()));
        boolean isMoved = live != null
                && live.changed().logIndex() > syncedIndex
                && !(live.parent().equals(held.entry().parent())
                        && live.name().equals(held.entry().name()));
        return isMoved ? live : null;
    }

    private boolean isThere(Held held) {
        RelativePath path = catalog.read(view -> view.path(held.id()));
        try {
            Stamp there = path == null ? null : root.stat(path);
            return there != null && there.kind() == Kind.DIRECTORY && there.isSameInode(held.stamp());
        } catch (IOException unreadable) {
            log.atDebug()
                    .addKeyValue("path", path)
                    .addKeyValue("cause", unreadable.toString())
                    .log("not compared");
            return false;
        }
    }

    private boolean isPlaceTaken(Held held, Map<EntryId, Held> moved) {
        EntryId parent = held.entry().parent();
        Held there = index.child(parent, held.entry().name());
        boolean isParentHeld = parent.equals(EntryId.ROOT) || index.held(parent) != null;
        return !isParentHeld || (there != null && !moved.containsKey(there.id()));
    }
}
