package dev.lockstep.replica;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Escaped;
import dev.lockstep.model.RelativePath;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Goes through subtrees of the folder, on disk and in the index, a path at a time, parents first. Memory
/// grows with the
/// directories that are open and the names of one directory. Owned by the control loop.
final class FolderWalk {
    private record Subtree(RelativePath path, long sequence, Deletions.Seen seen) {}

    private final FolderScanner scanner;
    private final Problems unsupported;
    private final Problems unreadable;
    private final Predicate<RelativePath> isClosed;
    private final Deque<Subtree> subtrees = new ArrayDeque<>();
    private Iterator<RelativePath> names = Collections.emptyIterator();
    private long sequence = Long.MAX_VALUE;
    private Deletions.Seen seen = Deletions.Seen.WALK;
    private boolean isFolderScanned;

    /// @param isClosed whether a directory's entries are not to be visited
    FolderWalk(FolderScanner scanner, Problems unsupported, Problems unreadable, Predicate<RelativePath> isClosed) {
        this.scanner = scanner;
        this.unsupported = unsupported;
        this.unreadable = unreadable;
        this.isClosed = isClosed;
    }

    void add(RelativePath path, long subtreeSequence) {
        subtrees.addLast(new Subtree(path, subtreeSequence, Deletions.Seen.WALK));
    }

    /// The whole folder, though nothing tells that something has changed.
    void addFolder(long folderSequence) {
        subtrees.addLast(new Subtree(RelativePath.ROOT, folderSequence, Deletions.Seen.SCAN));
        isFolderScanned = true;
    }

    /// Whether [#addFolder] was called since this was asked last.
    boolean takeIsFolderScanned() {
        boolean was = isFolderScanned;
        isFolderScanned = false;
        return was;
    }

    boolean isUnderWay() {
        return names.hasNext() || !subtrees.isEmpty();
    }

    /// How the path last visited is seen.
    Deletions.Seen seen() {
        return seen;
    }

    /// Of the hint that led to the path last visited.
    long sequence() {
        return sequence;
    }

    long oldestSequence() {
        long waiting = subtrees.stream().mapToLong(Subtree::sequence).min().orElse(Long.MAX_VALUE);
        return names.hasNext() ? Math.min(waiting, sequence) : waiting;
    }

    /// Visits one path, or opens one directory.
    void next(Consumer<RelativePath> visitor) {
        if (names.hasNext()) {
            visit(names.next(), visitor);
            return;
        }
        Subtree subtree = subtrees.pollFirst();
        if (subtree == null) {
            return;
        }
        sequence = subtree.sequence();
        seen = subtree.seen();
        if (!subtree.path().isRoot()) {
            visitor.accept(subtree.path());
        }
        if (subtree.path().isRoot() || !isClosed.test(subtree.path())) {
            open(subtree.path());
        }
    }

    private void visit(RelativePath path, Consumer<RelativePath> visitor) {
        if (scanner.isDirectory(path)) {
            subtrees.addFirst(new Subtree(path, sequence, seen));
        } else {
            visitor.accept(path);
        }
    }

    private void open(RelativePath directory) {
        List<Bytes> unnameable = new ArrayList<>();
        try {
            names = scanner.children(directory, unnameable).iterator();
            unreadable.clear(directory);
        } catch (IOException refused) {
            unreadable.put(directory, String.valueOf(refused.getMessage()));
        }
        for (Bytes name : unnameable) {
            unsupported.put(directory, "holds a name that cannot be replicated: " + Escaped.of(name));
        }
    }
}
