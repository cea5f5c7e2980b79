package dev.lockstep.replica;

import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.propose.Proposer;
import dev.lockstep.replica.Deletions.Seen;
import dev.lockstep.scan.Finding;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// From dirty paths to proposals. Looks at each path when nothing of its own is under way, moves before
/// deletions, so that a
/// renamed directory is never taken for a deleted and a new one. Owned by the control loop.
final class LocalChanges {
    /// Changes under way at once; scanning waits when there are more.
    static final int PENDING_MAX = 4096;
    private static final int SCANS_PER_STEP = 256;
    private static final long UNSETTLED_RETRY_NANOS = 20_000_000;
    private static final long UNREADABLE_RETRY_NANOS = 5_000_000_000L;
    private static final Logger log = LoggerFactory.getLogger(LocalChanges.class);

    private final FolderScanner scanner;
    private final FolderIndex index;
    private final Proposer proposer;
    private final ContentService contents;
    private final Adoption adoption;
    private final Damage damage;
    private final Placements placements;
    private final Background background;
    private final Executor loop;
    private final LongSupplier clock;

    private final RulesInForce ignored;
    private final Consumer<EntryId> release;

    private final DirtyPaths dirty = new DirtyPaths();
    /// Looked at again when something was decided or read.
    private final Map<RelativePath, Long> blocked = new HashMap<>();
    private final Map<RelativePath, Long> reading = new HashMap<>();
    /// Directories in whose recorded place another one stands, whose own place is not decided: what is in them is
    /// looked
    /// at afterwards.
    private final Map<RelativePath, Long> closed = new HashMap<>();
    private final Problems unsupported = new Problems();
    private final Problems unreadable = new Problems();
    private final Looks looks;
    private final FolderWalk walk;
    private final Deletions deletions;
    private final Moves moves;
    private long lastSequence;

    /// @param release takes entries of the catalog that the rules ignore
    LocalChanges(
            FolderScanner scanner,
            FolderIndex index,
            Proposer proposer,
            ContentService contents,
            DeletionGuard guard,
            Adoption adoption,
            Damage damage,
            Placements placements,
            RulesInForce ignored,
            Consumer<EntryId> release,
            Background background,
            Executor loop,
            LongSupplier clock) {
        this.scanner = scanner;
        this.index = index;
        this.proposer = proposer;
        this.contents = contents;
        this.adoption = adoption;
        this.damage = damage;
        this.placements = placements;
        this.ignored = ignored;
        this.release = release;
        this.background = background;
        this.loop = loop;
        this.clock = clock;
        this.looks = new Looks(scanner, index);
        this.walk = new FolderWalk(scanner, unsupported, unreadable, this::isIgnored);
        this.moves = new Moves(
                scanner, index, proposer, this::overwritten, this::lookWhenDecided, this::lookAgain, this::lookLater);
        this.deletions = new Deletions(
                scanner,
                index,
                proposer,
                guard,
                placements,
                moves,
                this::isLost,
                this::lookWhenDecided,
                this::lookAgain,
                this::lookLater);
    }

    // --- hints ---

    long lastSequence() {
        return lastSequence;
    }

    /// A number for a change that no hint led to.
    long nextSequence() {
        return ++lastSequence;
    }

    /// Whether the folder holds at the path what its index says; if not, that is looked at.
    boolean isAsHeld(RelativePath path) {
        Finding finding = reading.containsKey(path) ? new Finding.Unsettled() : looks.glance(path);
        boolean isAsHeld = finding instanceof Finding.Unchanged || finding instanceof Finding.Restamped;
        if (!isAsHeld) {
            dirty(path);
        }
        return isAsHeld;
    }

    void dirty(RelativePath path) {
        dirty.now(path, ++lastSequence, clock.getAsLong());
    }

    /// Something at the path is not as recorded, and no event told of it.
    void dirtyUntold(RelativePath path) {
        looks.untold(path);
        dirty(path);
    }

    /// A program has written to the file and closed it.
    void dirtyWritten(RelativePath path) {
        looks.written(path);
        dirty(path);
    }

    /// A program writes to the file.
    void dirtyWhenSettled(RelativePath path) {
        looks.written(path);
        dirty.whenSettled(path, ++lastSequence, clock.getAsLong());
    }

    /// The path has changed again while a change of it was under way. Events tell when its program is done with it; if
    /// none does, it is looked at after the settle time.
    void dirtyMeanwhile(RelativePath path) {
        dirty.later(path, ++lastSequence, clock.getAsLong(), DirtyPaths.SETTLE_NANOS);
    }

    /// A path and all below it, on disk or in the index.
    void dirtySubtree(RelativePath path) {
        if (path.isRoot()) {
            lookAtRules();
        }
        walk.add(path, ++lastSequence);
    }

    /// Another directory is recorded as the entry from now on. After a power loss that one may have come back, and what
    /// is recorded in it stands in the one before.
    void leftBehind(EntryId id, RelativePath before, long sequence) {
        if (damage.isFirstLookBehind(id)) {
            walk.add(before, sequence);
        }
    }

    /// The whole folder, for what nothing has told of.
    void scanFolder() {
        lookAtRules();
        walk.addFolder(++lastSequence);
    }

    private void lookAtRules() {
        ignored.lookAtDisk();
        placements.wakeKept();
    }

    void allDueNow() {
        dirty.allNow(clock.getAsLong());
    }

    boolean isWalking() {
        return walk.isUnderWay();
    }

    private void lookWhenDecided(RelativePath path, long sequence) {
        blocked.merge(path, sequence, Math::min);
    }

    private void lookAgain(RelativePath path, long sequence) {
        dirty.now(path, sequence, clock.getAsLong());
    }

    private void lookLater(RelativePath path, long sequence) {
        dirty.later(path, sequence, clock.getAsLong(), UNSETTLED_RETRY_NANOS);
    }

    private void overwritten(Held held, RelativePath path, long sequence) {
        deletions.propose(held, path, sequence);
    }

    // --- looking ---

    /// Looks at some of what is due.
    void step() {
        if (proposer.pendingCount() < PENDING_MAX) {
            openDirectories();
            long nowNanos = clock.getAsLong();
            for (DirtyPaths.Dirty path : dirty.take(nowNanos, SCANS_PER_STEP)) {
                consider(path.path(), path.sequence(), Seen.LIVE);
            }
            for (int i = 0; i < SCANS_PER_STEP && walk.isUnderWay(); i++) {
                walk.next(path -> consider(path, walk.sequence(), walk.seen()));
            }
            moves.decide();
            deletions.decide(walk);
        }
        if (unsettledCount() == 0 && !walk.isUnderWay()) {
            looks.forgetAll();
        }
    }

    /// @return nanoseconds until there is more to look at, 0 for at once, [Long#MAX_VALUE] if nothing is known
    long restNanos() {
        boolean isFull = proposer.pendingCount() >= PENDING_MAX;
        if (isFull) {
            return Long.MAX_VALUE;
        }
        long restNanos = walk.isUnderWay() ? 0 : dirty.untilDue(clock.getAsLong());
        return closed.isEmpty() ? restNanos : Math.min(restNanos, UNSETTLED_RETRY_NANOS);
    }

    private void consider(RelativePath path, long sequence, Seen seen) {
        if (path.isRoot() || (path.depth() == 1 && path.name().equals(DeletionGuard.MARKER))) {
            return;
        }
        if (path.equals(RulesInForce.PATH)) {
            ignored.lookAtDisk();
        }
        if (isIgnored(path)) {
            leave(path);
            return;
        }
        if (proposer.isBusy(path) || reading.containsKey(path)) {
            lookForMoved(path, sequence);
            blocked.merge(path, sequence, Math::min);
            return;
        }
        if (closed.containsKey(path.parent())) {
            lookForMoved(path, sequence);
            closed.merge(path.parent(), sequence, Math::min);
            return;
        }
        if (isParentKnown(path.parent(), sequence, seen)) {
            boolean isUntold = looks.isUntold(path, seen);
            Finding finding = looks.look(path, seen);
            if (isUntold && scanner.isJustChanged(finding, DirtyPaths.SETTLE_NANOS)) {
                // No event told of it; the one that tells of its end may yet come.
                looks.deferred(path);
                dirty.whenSettled(path, sequence, clock.getAsLong());
            } else {
                take(path, sequence, finding, seen);
            }
        } else if (proposer.isBusy(path.parent())) {
            blocked.merge(path, sequence, Math::min);
        } else if (scanner.isOtherDirectory(path.parent())) {
            lookForMoved(path, sequence);
            closed.put(path.parent(), sequence);
        } else if (scanner.isDirectory(path.parent())) {
            dirty.later(path, sequence, clock.getAsLong(), UNSETTLED_RETRY_NANOS);
        } else {
            take(path, sequence, looks.look(path, Seen.LIVE), seen);
        }
    }

    /// What has to wait here may be missing elsewhere.
    private void lookForMoved(RelativePath path, long sequence) {
        Held moved = proposer.isFileUnderWay(path) ? null : scanner.movedTo(path);
        if (moved != null) {
            moves.isAt(moved, path, sequence);
        }
    }

    /// Whether what stands at the path, or is held to stand there, is ignored, or would be as soon as it is in the
    /// catalog.
    boolean isIgnored(RelativePath path) {
        if (!ignored.isAny()) {
            return false;
        }
        boolean isDirectory = scanner.isDirectory(path);
        return ignored.isIgnored(path, isDirectory)
                || ignored.isIgnored(path, isHeldDirectory(path))
                || (index.find(path) == null && ignored.isIgnoredEverywhere(adoption.pathInCatalog(path), isDirectory));
    }

    private boolean isHeldDirectory(RelativePath path) {
        return adoption.heldDirectory(path) != null;
    }

    /// What is ignored is nobody's business but its user's; the catalog is told to forget it.
    private void leave(RelativePath path) {
        looks.forget(path);
        moves.isIgnored(path);
        settled(path);
        Held held = index.find(path);
        if (held != null
                && ignored.isIgnoredEverywhere(path, held.entry().content().isDirectory())) {
            release.accept(held.id());
        }
    }

    /// A directory is proposed before what is in it: otherwise the cluster makes it for the entry's sake, and this
    /// folder holds an entry whose directory it does not hold. What is in another directory than the recorded
    /// one is not compared with what is recorded in that.
    private boolean isParentKnown(RelativePath parent, long sequence, Seen seen) {
        if (isHeldThere(parent)) {
            return true;
        }
        if (!proposer.isBusy(parent)) {
            consider(parent, sequence, seen);
        }
        return proposer.isDirectoryUnderWay(parent) || isHeldThere(parent);
    }

    private boolean isHeldThere(RelativePath directory) {
        return adoption.heldDirectory(directory) != null && !scanner.isOtherDirectory(directory);
    }

    /// Goes through the directories whose own place has been decided.
    private void openDirectories() {
        if (closed.isEmpty()) {
            return;
        }
        for (RelativePath directory : List.copyOf(closed.keySet())) {
            if (!scanner.isOtherDirectory(directory)) {
                walk.add(directory, java.util.Objects.requireNonNull(closed.remove(directory)));
            }
        }
    }

    private void take(RelativePath path, long sequence, Finding finding, Seen seen) {
        switch (finding) {
            case Finding.Unchanged() -> settled(path);
            case Finding.Restamped(Held held) -> {
                lookBelowIfReplaced(path, held.id(), held.stamp());
                index.put(held);
                settled(path);
                lookAtOtherNames(path, held.stamp());
            }
            case Finding.Changed(Change change, Stamp stamp, Optional<Bytes> content) -> {
                settled(path);
                Finding.entryOf(change).ifPresent(id -> lookBelowIfReplaced(path, id, stamp));
                offer(new PendingChange(List.of(path), change, Optional.of(stamp), content, sequence));
                lookAtOtherNames(path, stamp);
            }
            case Finding.MovedHere(Held held, Stamp stamp) -> movedHere(path, sequence, held, stamp);
            case Finding.Gone(Held _) -> deletions.gone(path, sequence, seen);
            case Finding.Replaced(Held held, Stamp _) -> replaced(path, sequence, held, seen);
            case Finding.Large(Stamp stamp) -> read(path, sequence);
            case Finding.Unsettled() -> dirty.later(path, sequence, clock.getAsLong(), UNSETTLED_RETRY_NANOS);
            // What is to be placed here is tried again now and then, not at once: it would be in a circle.
            case Finding.Unsupported(String reason) -> unsupported.put(path, reason);
            case Finding.Unreadable(String reason) -> {
                unreadable.put(path, reason);
                dirty.later(path, sequence, clock.getAsLong(), UNREADABLE_RETRY_NANOS);
            }
        }
    }

    private void replaced(RelativePath path, long sequence, Held held, Seen seen) {
        if (damage.isLost(held)) {
            damage.lost(held);
            dirty.now(path, sequence, clock.getAsLong());
        } else {
            deletions.gone(path, sequence, seen);
        }
    }

    private void movedHere(RelativePath path, long sequence, Held held, Stamp stamp) {
        EntryId parent = adoption.heldDirectory(path.parent());
        if (parent != null && !moves.isWithinItself(held, path) && damage.isUndoneMove(held, stamp)) {
            damage.undoMove(parent, path, held);
            dirty.now(path, sequence, clock.getAsLong());
        } else {
            moves.found(held, path, sequence);
        }
    }

    /// Another directory stands where one was: no event tells of what it brought along.
    private void lookBelowIfReplaced(RelativePath path, EntryId id, Stamp stamp) {
        Held before = index.held(id);
        if (stamp.kind() == Kind.DIRECTORY && before != null && !before.stamp().isSameInode(stamp)) {
            dirtySubtree(path);
        }
    }

    /// What is written through one name of a file shows no event under its other names.
    private void lookAtOtherNames(RelativePath path, Stamp stamp) {
        if (stamp.kind() != Kind.FILE || stamp.links() == 1) {
            return;
        }
        for (RelativePath other : names(stamp)) {
            if (!other.equals(path)) {
                dirty(other);
            }
        }
    }

    /// The disk does not let the path be dealt with now: tried again later.
    void refused(RelativePath path, String reason) {
        unreadable.put(path, reason);
        dirty.later(path, ++lastSequence, clock.getAsLong(), UNREADABLE_RETRY_NANOS);
    }

    /// Looks at all names of an inode.
    void lookAtNames(Stamp stamp) {
        names(stamp).forEach(this::dirty);
    }

    private List<RelativePath> names(Stamp stamp) {
        List<RelativePath> names = new ArrayList<>();
        for (Held held : index.onInode(stamp)) {
            RelativePath name = index.path(held.id());
            if (name != null) {
                names.add(name);
            }
        }
        return names;
    }

    private void settled(RelativePath path) {
        unsupported.clear(path);
        unreadable.clear(path);
        placements.wake(path);
    }

    private void read(RelativePath path, long sequence) {
        reading.put(path, sequence);
        background.run(() -> scanner.readLarge(path), finding -> wasRead(path, sequence, finding));
    }

    private void wasRead(RelativePath path, long sequence, Finding finding) {
        reading.remove(path);
        if (proposer.isBusy(path)) {
            blocked.merge(path, sequence, Math::min);
        } else if (finding instanceof Finding.Unsettled) {
            dirty.whenSettled(path, sequence, clock.getAsLong());
        } else {
            take(path, sequence, finding, Seen.LIVE);
        }
        wakeBlocked();
    }

    // --- offering ---

    private void offer(PendingChange change) {
        if (isIgnored(change.path()) || adoption.adopt(change)) {
            return;
        }
        if (damage.concerns(change)) {
            judge(change);
        } else {
            propose(change);
        }
    }

    private void judge(PendingChange change) {
        reading.put(change.path(), change.sequence());
        var _ = damage.judge(change)
                .whenComplete((verdict, failure) -> loop.execute(() -> judged(change, verdict, failure)));
    }

    private void judged(PendingChange change, Damage.@Nullable Verdict verdict, @Nullable Throwable failure) {
        Held damaged = verdict == null ? null : verdict.held();
        RelativePath path = change.path();
        reading.remove(path);
        EntryId parent = adoption.heldDirectory(path.parent());
        if (failure != null || parent == null) {
            if (damaged != null) {
                damage.claim(damaged.id(), path);
            }
            dirty.later(path, change.sequence(), clock.getAsLong(), DirtyPaths.SETTLE_NANOS);
        } else if (damaged != null && damage.standsElsewhere(damaged, path)) {
            takeOut(damaged.at(parent, path.name()), path, change.sequence());
        } else if (verdict != null) {
            RelativePath old = index.path(verdict.held().id());
            damage.repair(verdict, parent, path.name());
            settled(path);
            if (old != null && !old.equals(path)) {
                // Whatever stands there is another entry.
                dirty.now(old, change.sequence(), clock.getAsLong());
            }
        } else if (proposer.isBusy(path)) {
            blocked.merge(path, change.sequence(), Math::min);
        } else {
            proposeOnLostBase(change, parent);
        }
        wakeBlocked();
    }

    private void takeOut(Held spare, RelativePath path, long sequence) {
        try {
            if (placements.takeOut(spare, path)) {
                settled(path);
            } else {
                dirty.now(path, sequence, clock.getAsLong());
            }
        } catch (IOException refused) {
            refused(path, String.valueOf(refused.getMessage()));
        }
    }

    private void proposeOnLostBase(PendingChange change, EntryId parent) {
        Held base = damage.lostBase(change);
        if (base == null) {
            propose(change);
        } else {
            index.put(base.at(parent, change.path().name()));
            dirty.now(change.path(), change.sequence(), clock.getAsLong());
        }
    }

    private void propose(PendingChange change) {
        boolean travelsBeside = change.change() instanceof Change.Put put
                && put.content() instanceof Content.File
                && change.content().isEmpty();
        if (!travelsBeside) {
            proposer.add(change);
            return;
        }
        proposer.addWaitingForContent(change);
        Content.File file = (Content.File) ((Change.Put) change.change()).content();
        var _ = contents.makeDurable(file, change.path(), change.stamp().orElseThrow())
                .whenComplete((done, failure) -> loop.execute(() -> contentOffered(change, failure)));
    }

    private void contentOffered(PendingChange change, @Nullable Throwable failure) {
        if (failure == null) {
            proposer.contentDurable(change);
            return;
        }
        log.atDebug()
                .addKeyValue("path", change.path())
                .addKeyValue("cause", failure.toString())
                .log("content does not stand on a majority yet");
        proposer.withdraw(change);
        dirty.later(change.path(), change.sequence(), clock.getAsLong(), DirtyPaths.SETTLE_NANOS);
        wakeBlocked();
    }

    /// What a power loss took is not gone: it is placed again.
    private boolean isLost(RelativePath path) {
        boolean isLost =
                damage.isUnderWay() && scanner.scan(path) instanceof Finding.Gone(Held held) && damage.isLost(held);
        if (isLost) {
            damage.lost(java.util.Objects.requireNonNull(index.find(path)));
            placements.wake(path);
        }
        return isLost;
    }

    // --- what was decided ---

    /// Looks again at what had to wait.
    void wakeBlocked() {
        if (!blocked.isEmpty()) {
            long nowNanos = clock.getAsLong();
            blocked.forEach((path, sequence) -> dirty.now(path, sequence, nowNanos));
            blocked.clear();
        }
    }

    /// The oldest hint that has not led to an outcome, [Long#MAX_VALUE] if there is none.
    long oldestSequence() {
        long oldest = Math.min(dirty.oldestSequence(), proposer.oldestSequence());
        oldest = Math.min(oldest, Math.min(walk.oldestSequence(), deletions.oldestSequence()));
        for (Map<RelativePath, Long> waiting : List.of(blocked, reading, closed)) {
            oldest = Math.min(
                    oldest,
                    waiting.values().stream().mapToLong(Long::longValue).min().orElse(Long.MAX_VALUE));
        }
        return oldest;
    }

    int unsettledCount() {
        return dirty.size() + blocked.size() + reading.size() + closed.size();
    }

    List<RelativePath> unsettled(int limit) {
        List<RelativePath> found = new ArrayList<>(proposer.pendingPaths(limit));
        found.addAll(dirty.some(limit));
        found.addAll(reading.keySet());
        return found.stream().distinct().limit(limit).toList();
    }

    Problems unsupported() {
        return unsupported;
    }

    Problems unreadable() {
        return unreadable;
    }
}
