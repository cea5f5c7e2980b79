package dev.lockstep.propose;

import dev.lockstep.model.RelativePath;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which paths have a change on its way. Not thread-safe: the control loop's own.
final class PendingPaths {
    private final TreeMap<RelativePath, PendingChange> byPath = new TreeMap<>();

    void add(PendingChange change) {
        change.paths().forEach(path -> byPath.put(path, change));
    }

    void remove(PendingChange change) {
        change.paths().forEach(path -> byPath.remove(path, change));
    }

    @Nullable
    PendingChange at(RelativePath path) {
        return byPath.get(path);
    }

    boolean isAnyAtOrBelow(RelativePath path) {
        RelativePath first = byPath.ceilingKey(path);
        return first != null && first.startsWith(path);
    }

    /// Whether a directory above the path is being moved or deleted.
    boolean isCovered(RelativePath path) {
        for (RelativePath at = path; !at.isRoot(); at = at.parent()) {
            PendingChange change = byPath.get(at);
            if (change != null && (at.equals(path) || change.coversSubtree())) {
                return true;
            }
        }
        return false;
    }
}
