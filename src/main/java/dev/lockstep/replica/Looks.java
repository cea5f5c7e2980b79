package dev.lockstep.replica;

import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.RelativePath;
import dev.lockstep.replica.Deletions.Seen;
import dev.lockstep.scan.Finding;
import dev.lockstep.scan.FolderScanner;
import java.util.HashSet;
import java.util.Set;

/// How paths are to be looked at, by what led to them. Owned by the control loop.
final class Looks {
    private final FolderScanner scanner;
    private final FolderIndex index;
    /// Files that a program has written to since they were looked at last.
    private final Set<RelativePath> written = new HashSet<>();
    /// Paths that are looked at though no event told of them.
    private final Set<RelativePath> untold = new HashSet<>();
    /// Files that no event told of and that were left for a moment.
    private final Set<RelativePath> deferred = new HashSet<>();

    Looks(FolderScanner scanner, FolderIndex index) {
        this.scanner = scanner;
        this.index = index;
    }

    /// An event told that a program has written to the file.
    void written(RelativePath path) {
        written.add(path);
        untold.remove(path);
    }

    /// No event told of what is different at the path: a program may be in the middle of it.
    void untold(RelativePath path) {
        if (!written.contains(path)) {
            untold.add(path);
        }
    }

    /// Whether the next look at the path is one that no event led to.
    boolean isUntold(RelativePath path, Seen seen) {
        return seen == Seen.SCAN || untold.contains(path);
    }

    /// The file is looked at a moment later.
    void deferred(RelativePath path) {
        deferred.add(path);
    }

    Finding look(RelativePath path, Seen seen) {
        boolean isWritten = written.remove(path);
        untold.remove(path);
        boolean isUnhinted = deferred.remove(path) || seen != Seen.LIVE;
        if (!isWritten) {
            return isUnhinted ? scanner.scanUnhinted(path) : scanner.scan(path);
        }
        Finding finding = scanner.scanWritten(path);
        if (finding instanceof Finding.Unsettled || finding instanceof Finding.Unreadable) {
            written.add(path);
        } else if (finding instanceof Finding.Changed changed) {
            disbelieve(path, changed.stamp());
        } else if (finding instanceof Finding.Large large) {
            disbelieve(path, large.stamp());
        }
        return finding;
    }

    /// As a look, of which nothing is remembered.
    Finding glance(RelativePath path) {
        return written.contains(path) ? scanner.scanWritten(path) : scanner.scan(path);
    }

    /// The bytes are others though the stamp is as recorded: whatever becomes of this look, the next one shall see it.
    private void disbelieve(RelativePath path, Stamp now) {
        Held held = index.find(path);
        if (held != null && now.isUnchangedSince(held.stamp())) {
            index.put(held.withStamp(now.unlike()));
        }
    }

    void forget(RelativePath path) {
        written.remove(path);
        untold.remove(path);
        deferred.remove(path);
    }

    /// No path is to be looked at.
    void forgetAll() {
        written.clear();
        untold.clear();
        deferred.clear();
    }
}
