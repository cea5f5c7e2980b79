package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.TreeDigest;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Compares catalog, folder index and disk of one node. Reads only; any thread.
final class FolderAudit {
    private static final int DIFFERENCES_MAX = 200;
    private static final int COMPARISONS_MAX = 3;

    private final NodeId node;
    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;
    private final Predicate<EntryId> isKept;

    /// @param isKept whether a directory is deleted and stays only for what is ignored in it
    FolderAudit(NodeId node, Catalog catalog, FolderIndex index, FolderRoot root, Predicate<EntryId> isKept) {
        this.node = node;
        this.catalog = catalog;
        this.index = index;
        this.root = root;
        this.isKept = isKept;
    }

    /// While commits come, what is on its way here looks like a difference: the comparison is made again.
    TreeState tree() {
        TreeState tree = compare();
        for (int again = 1; again < COMPARISONS_MAX && hasMovedOn(tree); again++) {
            tree = compare();
        }
        return tree;
    }

    private boolean hasMovedOn(TreeState tree) {
        return !tree.differences().isEmpty() && catalog.appliedIndex() > tree.index();
    }

    private TreeState compare() {
        return catalog.walk(view -> {
            List<String> differences = new ArrayList<>();
            view.forEachEntry(want -> compare(want, view.path(want.id()), differences));
            TreeDigest folder = new TreeDigest();
            index.forEach(held -> {
                boolean isDeleted = view.entry(held.id()) == null;
                if (isDeleted && isKept.test(held.id())) {
                    return;
                }
                folder.add(held.entry());
                if (isDeleted) {
                    add(differences, index.path(held.id()), "stands here, was deleted");
                }
            });
            return new TreeState(
                    node.value(),
                    view.appliedIndex(),
                    view.digest().toString(),
                    folder.toDigest().toString(),
                    view.entries(),
                    differences);
        });
    }

    private void compare(Entry want, @org.jspecify.annotations.Nullable RelativePath path, List<String> differences) {
        Held held = index.held(want.id());
        if (held == null) {
            add(differences, path, "is missing here");
        } else if (!held.entry().content().equals(want.content())) {
            add(differences, path, "has an older content here");
        } else if (!held.entry().parent().equals(want.parent())
                || !held.entry().name().equals(want.name())) {
            add(differences, path, "stands at another name here");
        } else if (!held.entry().attributes().equals(want.attributes())) {
            add(differences, path, "has another mode or time here");
        } else if (path != null) {
            onDisk(held, path, differences);
        }
    }

    private void onDisk(Held held, RelativePath path, List<String> differences) {
        try {
            Stamp now = root.stat(path);
            if (now == null) {
                add(differences, path, "is missing on disk");
            } else if (!held.entry().content().isDirectory() && !now.isUnchangedSince(held.stamp())) {
                add(differences, path, "was changed on disk");
            }
        } catch (IOException unreadable) {
            add(differences, path, "cannot be read: " + unreadable.getMessage());
        }
    }

    private static void add(
            List<String> differences, @org.jspecify.annotations.Nullable RelativePath path, String what) {
        if (differences.size() < DIFFERENCES_MAX) {
            differences.add((path == null ? "?" : path.toString()) + " " + what);
        }
    }
}
