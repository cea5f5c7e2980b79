package dev.lockstep.replica;

import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Held;
import dev.lockstep.model.Change;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.propose.Proposer;
import dev.lockstep.scan.FolderScanner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/// Entries that were found at another path than the index says. Those that take each other's places are proposed as one
/// move; the others wait until their place is free and nothing there is under way. Owned by the control loop.
final class Moves {
    private static final int SWEEP_AT_LEAST = 1024;

    private final FolderScanner scanner;
    private final FolderIndex index;
    private final Proposer proposer;
    private final Vacating occupants;
    private final ObjLongConsumer<RelativePath> lookWhenDecided;
    private final ObjLongConsumer<RelativePath> lookAgain;
    private final ObjLongConsumer<RelativePath> lookLater;
    /// Since the last decision.
    private final SequencedMap<EntryId, Found> found = new LinkedHashMap<>();
    /// Found before, and to be looked at again when something else was decided. Some of it may be no longer so.
    private final Map<EntryId, Found> waiting = new HashMap<>();
    private int sweepAt = SWEEP_AT_LEAST;

    /// Takes an entry that is no longer at its place, because another one was moved there.
    interface Vacating {
        void overwritten(Held held, RelativePath path, long sequence);
    }

    private record Found(RelativePath path, Held held, long sequence) {}

    /// @param occupants       takes entries over which others were moved
    /// @param lookWhenDecided takes paths to be looked at when something else was decided
    /// @param lookAgain       takes paths to be looked at now
    /// @param lookLater       takes paths to be looked at in a moment
    Moves(
            FolderScanner scanner,
            FolderIndex index,
            Proposer proposer,
            Vacating occupants,
            ObjLongConsumer<RelativePath> lookWhenDecided,
            ObjLongConsumer<RelativePath> lookAgain,
            ObjLongConsumer<RelativePath> lookLater) {
        this.scanner = scanner;
        this.index = index;
        this.proposer = proposer;
        this.occupants = occupants;
        this.lookWhenDecided = lookWhenDecided;
        this.lookAgain = lookAgain;
        this.lookLater = lookLater;
    }

    /// An entry stands at another path.
    void found(Held held, RelativePath path, long sequence) {
        Found before = found.get(held.id());
        long first = before == null ? sequence : Math.min(before.sequence(), sequence);
        found.put(held.id(), new Found(path, held, first));
        waiting.remove(held.id());
    }

    /// An entry stands at another path, which cannot be looked at yet, and will be.
    void isAt(Held held, RelativePath path, long sequence) {
        if (!found.containsKey(held.id())) {
            waiting.put(held.id(), new Found(path, held, sequence));
        }
    }

    /// What stands at the path is ignored: whatever it was, it is missing where it is recorded.
    void isIgnored(RelativePath path) {
        waiting.values().removeIf(one -> one.path().equals(path));
    }

    /// Whether an entry, a directory it lies in or anything below it was found elsewhere, and is still there: then it
    /// is
    /// missing at its old place, but not deleted.
    boolean isAnyElsewhere(Held held) {
        if (found.isEmpty() && waiting.isEmpty()) {
            return false;
        }
        for (Held at = held; at != null; at = index.held(at.entry().parent())) {
            if (at(at.id()) != null) {
                return true;
            }
        }
        return isAnyBelowElsewhere(held);
    }

    private boolean isAnyBelowElsewhere(Held held) {
        if (!held.entry().content().isDirectory()) {
            return false;
        }
        for (Held child : index.children(held.id())) {
            if (at(child.id()) != null || isAnyBelowElsewhere(child)) {
                return true;
            }
        }
        return false;
    }

    private @Nullable Found at(EntryId id) {
        Found now = found.get(id);
        if (now != null) {
            return now;
        }
        Found before = waiting.get(id);
        if (before == null || isStillThere(before)) {
            return before;
        }
        waiting.remove(id);
        return null;
    }

    private boolean isStillThere(Found one) {
        Held held = index.held(one.held().id());
        if (held == null || !scanner.mayStandAt(held, one.path())) {
            return false;
        }
        // Once it is recorded there, as itself or as another entry, it is no longer on its way.
        Held recorded = index.find(one.path());
        boolean isRecorded = recorded != null && recorded.stamp().isSameInode(held.stamp());
        return !isRecorded
                && !isExchanged(recorded, held)
                && isDirectoryHeld(one.path().parent())
                && !isAboveItself(held, one.path());
    }

    /// A file and a directory that took each other's places are deleted and new: neither is found as moved, and each
    /// would wait for the other.
    private boolean isExchanged(@Nullable Held recorded, Held held) {
        return recorded != null
                && recorded.entry().content().isDirectory()
                        != held.entry().content().isDirectory()
                && (found.containsKey(recorded.id()) || waiting.containsKey(recorded.id()));
    }

    /// What has taken the place of a directory it is recorded in waits for the deletion of that.
    private boolean isAboveItself(Held held, RelativePath path) {
        RelativePath old = index.path(held.id());
        return old != null && old.startsWith(path);
    }

    /// What is in a directory that is not recorded may wait for the deletion of what is recorded in its place.
    private boolean isDirectoryHeld(RelativePath path) {
        Held held = path.isRoot() ? null : index.find(path);
        return path.isRoot() || (held != null && held.entry().content().isDirectory());
    }

    /// Whether a directory stands below its own old path: another one has taken that, and is looked at first.
    boolean isWithinItself(Held held, RelativePath path) {
        RelativePath old = index.path(held.id());
        return old != null && !old.equals(path) && path.startsWith(old);
    }

    /// Proposes what can be.
    void decide() {
        if (waiting.size() > sweepAt) {
            waiting.values().removeIf(one -> !isStillThere(one));
            sweepAt = Math.max(SWEEP_AT_LEAST, 2 * waiting.size());
        }
        while (!found.isEmpty()) {
            List<Found> ring = ring(found.firstEntry().getValue());
            ring.forEach(this::forget);
            if (ring.size() == 1
                    && isWithinItself(ring.getFirst().held(), ring.getFirst().path())) {
                lookAtOldPlace(ring.getFirst());
                continue;
            }
            Held occupant = index.find(ring.getLast().path());
            boolean isFree = occupant == null || ring.stream().anyMatch(one -> isSame(one.held(), occupant));
            if (occupant != null && !isFree) {
                occupants.overwritten(
                        occupant, ring.getLast().path(), ring.getLast().sequence());
            }
            if (isFree && !isAnyBusy(ring)) {
                offer(ring);
            } else {
                ring.forEach(this::await);
            }
        }
    }

    private void forget(Found one) {
        found.remove(one.held().id());
        waiting.remove(one.held().id());
    }

    private void await(Found one) {
        waiting.put(one.held().id(), one);
        lookWhenDecided.accept(one.path(), one.sequence());
    }

    private void lookAtOldPlace(Found one) {
        RelativePath old = index.path(one.held().id());
        if (old != null) {
            lookAgain.accept(old, one.sequence());
        }
        lookLater.accept(one.path(), one.sequence());
    }

    private static boolean isSame(Held a, Held b) {
        return a.id().equals(b.id());
    }

    /// The moves that must happen at once: each goes where the next one was.
    private List<Found> ring(Found first) {
        List<Found> ring = new ArrayList<>();
        Set<EntryId> seen = new LinkedHashSet<>();
        Found at = first;
        while (at != null && seen.add(at.held().id())) {
            ring.add(at);
            Held occupant = index.find(at.path());
            at = occupant == null ? null : at(occupant.id());
        }
        return ring;
    }

    private boolean isAnyBusy(List<Found> ring) {
        for (Found one : ring) {
            RelativePath old = index.path(one.held().id());
            if (old == null
                    || proposer.isBusy(old)
                    || proposer.isBusy(one.path())
                    || proposer.isAnyBusyAtOrBelow(old)
                    || proposer.isAnyBusyAtOrBelow(one.path())) {
                return true;
            }
        }
        return false;
    }

    private void offer(List<Found> ring) {
        Set<RelativePath> paths = new LinkedHashSet<>();
        List<Change.Relocation> relocations = new ArrayList<>();
        long sequence = Long.MAX_VALUE;
        for (Found one : ring) {
            RelativePath old = index.path(one.held().id());
            if (old != null) {
                paths.add(old);
            }
            relocations.add(new Change.Relocation(one.held().id(), scanner.place(one.path())));
            sequence = Math.min(sequence, one.sequence());
        }
        ring.forEach(one -> paths.remove(one.path()));
        ring.forEach(one -> paths.add(one.path()));
        proposer.add(new PendingChange(
                List.copyOf(paths), new Change.Move(relocations), Optional.empty(), Optional.empty(), sequence));
    }
}
