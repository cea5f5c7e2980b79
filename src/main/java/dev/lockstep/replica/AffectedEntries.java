package dev.lockstep.replica;

import dev.lockstep.catalog.Applied;
import dev.lockstep.catalog.Catalog;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.IgnoredPaths;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/// Which entries a commit makes it necessary to place. Owned by the control loop.
final class AffectedEntries {
    private final Catalog catalog;
    private final FolderIndex index;
    private final IgnoredPaths ignored;

    AffectedEntries(Catalog catalog, FolderIndex index, IgnoredPaths ignored) {
        this.catalog = catalog;
        this.index = index;
        this.ignored = ignored;
    }

    /// Those that the commit touched, and what is in a directory that comes to another path: it may have been left out
    /// because rules ignored it at the old one.
    void of(Applied applied, Consumer<EntryId> action) {
        applied.touched().forEach(action);
        List<EntryId> moved = ignored.isAny() ? directoriesOutOfPlace(applied.touched()) : List.of();
        if (!moved.isEmpty()) {
            catalog.walk(view -> {
                moved.forEach(id -> below(view, id, action));
                return true;
            });
        }
    }

    private List<EntryId> directoriesOutOfPlace(Set<EntryId> touched) {
        return catalog.read(view -> touched.stream()
                .filter(id -> {
                    Entry want = view.entry(id);
                    return want != null && want.content().isDirectory() && !isInPlace(want);
                })
                .toList());
    }

    private boolean isInPlace(Entry want) {
        Held held = index.held(want.id());
        return held != null
                && held.entry().parent().equals(want.parent())
                && held.entry().name().equals(want.name());
    }

    private static void below(Catalog.View view, EntryId directory, Consumer<EntryId> action) {
        view.forEachChild(directory, child -> {
            action.accept(child.id());
            if (child.content().isDirectory()) {
                below(view, child.id(), action);
            }
        });
    }
}
