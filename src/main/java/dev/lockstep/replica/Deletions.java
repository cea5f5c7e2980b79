package dev.lockstep.replica;

import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Change;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.propose.Proposer;
import dev.lockstep.scan.Finding;
import dev.lockstep.scan.FolderScanner;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.ObjLongConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Entries that the folder index has and the disk has not, or has something of another kind in their place, until it
/// is proven that they were deleted. Owned by the control loop.
final class Deletions {
    /// How it was found that something is missing.
    enum Seen {
        /// As it happened.
        LIVE,
        /// By going through what an event named, or all of a folder that was watched all the time.
        WALK,
        /// By a start or periodic scan: nobody saw it go.
        SCAN
    }

    /// An entry that was missing when the folder was looked at last.
    private record Missing(Held held, RelativePath path, long sequence) {}

    private final FolderScanner scanner;
    private final FolderIndex index;
    private final Proposer proposer;
    private final DeletionGuard guard;
    private final Placements placements;
    private final Moves moves;
    private final Predicate<RelativePath> isLost;
    private final ObjLongConsumer<RelativePath> lookWhenDecided;
    private final ObjLongConsumer<RelativePath> lookAgain;
    private final ObjLongConsumer<RelativePath> lookLater;
    private final SequencedMap<RelativePath, Long> live = new LinkedHashMap<>();
    private final SequencedMap<RelativePath, Long> walked = new LinkedHashMap<>();
    private final SequencedMap<RelativePath, Long> scanned = new LinkedHashMap<>();

    /// @param isLost          whether a power loss took what stood at the path: then it is placed again
    /// @param lookWhenDecided takes paths to be looked at when something else was decided
    /// @param lookAgain       takes paths to be looked at now
    /// @param lookLater       takes paths to be looked at in a moment
    Deletions(
            FolderScanner scanner,
            FolderIndex index,
            Proposer proposer,
            DeletionGuard guard,
            Placements placements,
            Moves moves,
            Predicate<RelativePath> isLost,
            ObjLongConsumer<RelativePath> lookWhenDecided,
            ObjLongConsumer<RelativePath> lookAgain,
            ObjLongConsumer<RelativePath> lookLater) {
        this.scanner = scanner;
        this.index = index;
        this.proposer = proposer;
        this.guard = guard;
        this.placements = placements;
        this.moves = moves;
        this.isLost = isLost;
        this.lookWhenDecided = lookWhenDecided;
        this.lookAgain = lookAgain;
        this.lookLater = lookLater;
    }

    void gone(RelativePath path, long sequence, Seen seen) {
        switch (seen) {
            case LIVE -> live.merge(path, sequence, Math::min);
            case WALK -> walked.merge(path, sequence, Math::min);
            case SCAN -> scanned.merge(path, sequence, Math::min);
        }
    }

    /// Proposes what is proven. What a walk found waits for its end: it may yet turn up elsewhere, moved.
    void decide(FolderWalk walk) {
        proposeAll(live);
        if (walk.isUnderWay()) {
            return;
        }
        scanned.keySet().removeIf(isLost);
        if (walk.takeIsFolderScanned()) {
            guard.scanned(goneEntries(), index.entries());
        }
        proposeAll(walked);
        proposeAll(scanned);
    }

    /// With all that is below: of a missing directory only its own name was found missing.
    private long goneEntries() {
        long gone = 0;
        for (RelativePath path : scanned.keySet()) {
            Held held = index.find(path);
            gone += held == null ? 0 : count(held);
        }
        return gone;
    }

    private long count(Held held) {
        long count = 1;
        if (held.entry().content().isDirectory()) {
            for (Held child : index.children(held.id())) {
                count += count(child);
            }
        }
        return count;
    }

    /// The folder must be the same before and after the look that finds the entries missing.
    private void proposeAll(SequencedMap<RelativePath, Long> missing) {
        missing.keySet().removeIf(isLost);
        if (missing.isEmpty()) {
            return;
        }
        boolean isSameBefore = guard.mayDelete();
        List<Missing> found = new ArrayList<>();
        for (Map.Entry<RelativePath, Long> one : new LinkedHashMap<>(missing).entrySet()) {
            RelativePath path = one.getKey();
            missing.remove(path);
            if (!isSameBefore) {
                placements.wake(path);
            } else if (proposer.pendingCount() + found.size() >= LocalChanges.PENDING_MAX || proposer.isBusy(path)) {
                lookWhenDecided.accept(path, one.getValue());
            } else {
                Held held = missing(path);
                if (held == null) {
                    lookAgain.accept(path, one.getValue());
                } else if (moves.isAnyElsewhere(held)) {
                    lookLater.accept(path, one.getValue());
                } else {
                    found.add(new Missing(held, path, one.getValue()));
                }
            }
        }
        boolean isSameAfter = !found.isEmpty() && guard.mayDelete();
        for (Missing one : found) {
            if (isSameAfter) {
                propose(one.held(), one.path(), one.sequence());
            } else {
                placements.wake(one.path());
            }
        }
    }

    /// What is recorded at a path and does not stand there, nor has another directory around it been taken for its own.
    private @Nullable Held missing(RelativePath path) {
        if (scanner.isOtherDirectory(path.parent())) {
            return null;
        }
        return switch (scanner.scan(path)) {
            case Finding.Gone(Held held) -> held;
            case Finding.Replaced(Held held, Stamp _) -> held;
            default -> null;
        };
    }

    /// Proposes that an entry and all below it are gone, the deepest first.
    void propose(Held held, RelativePath path, long sequence) {
        if (proposer.isBusy(path) || proposer.isAnyBusyAtOrBelow(path)) {
            lookWhenDecided.accept(path, sequence);
            return;
        }
        List<PendingChange> deletions = new ArrayList<>();
        boolean isWhole = collect(held, path, sequence, deletions);
        deletions.forEach(proposer::add);
        if (!isWhole) {
            lookWhenDecided.accept(path, sequence);
        }
    }

    private boolean collect(Held held, RelativePath path, long sequence, List<PendingChange> deletions) {
        if (held.entry().content().isDirectory()) {
            for (Held child : index.children(held.id())) {
                if (!collect(child, path.child(child.entry().name()), sequence, deletions)) {
                    return false;
                }
            }
        }
        if (deletions.size() >= LocalChanges.PENDING_MAX) {
            return false;
        }
        Change delete = new Change.Delete(held.id(), held.entry().revision(), scanner.place(path));
        deletions.add(new PendingChange(List.of(path), delete, Optional.empty(), Optional.empty(), sequence));
        return true;
    }

    /// The oldest hint that led to one of them, [Long#MAX_VALUE] without any.
    long oldestSequence() {
        long oldest = Long.MAX_VALUE;
        for (Map<RelativePath, Long> some : List.of(live, walked, scanned)) {
            for (long sequence : some.values()) {
                oldest = Math.min(oldest, sequence);
            }
        }
        return oldest;
    }
}
