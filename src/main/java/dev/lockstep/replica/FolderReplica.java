package dev.lockstep.replica;

import dev.lockstep.catalog.Applied;
import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.Result;
import dev.lockstep.consensus.Consensus;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.materialize.Materializer;
import dev.lockstep.materialize.RottenFiles;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.Proposer;
import dev.lockstep.scan.FolderScanner;
import dev.lockstep.watch.Hint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One folder on this node, alive: what changes in it is proposed, what is committed is placed in it. Methods are
/// called by any thread and hand over to the control loop.
public final class FolderReplica implements AutoCloseable {
    /// Files up to this size travel in the log.
    public static final int INLINE_BYTES_MAX = 32 << 10;

    private static final long PROMPT_READ_BYTES_MAX = 1 << 20;
    private static final int APPLIED_BYTES_MAX = 8 << 20;
    private static final long RECOVERY_NANOS_MAX = 120_000_000_000L;
    private static final int APPLIED_BYTES_EACH = 256;
    private static final Logger log = LoggerFactory.getLogger(FolderReplica.class);

    private final NodeId node;
    private final Catalog catalog;
    private final FolderIndex index;
    private final ContentService contents;
    private final Proposer proposer;
    private final Placements placements;
    private final DeletionGuard guard;
    private final Hints hints;
    private final RulesInForce ignored;
    private final AffectedEntries affected;
    private final Releases releases;
    private final RottenFiles rotten = new RottenFiles();
    private final Scrub scrub;
    private final LocalChanges changes;
    private final Restores restores;
    private final Decisions decisions;
    private final DisplacedEdits displaced;
    private final Leftovers leftovers;
    private final InlineContents inline;
    private final ControlLoop loop;
    private final SyncPoints syncPoints;
    private final Damage damage;
    private final UnrecordedEdits unrecordedEdits;
    private final LongSupplier clock;
    private final Duration rescanEvery;

    private final Semaphore appliedBytes = new Semaphore(APPLIED_BYTES_MAX);
    private final List<Barrier> barriers = new ArrayList<>();
    private long handledIndex;
    private long nextRescanNanos;
    private long firstScanSequence;
    private long begunNanos;
    private volatile Recovery recovery = Recovery.NONE;
    private boolean areEditsUnrecorded;
    private volatile boolean hasBegun;
    private boolean isFirstScanDone;

    private record Barrier(long sequence, CompletableFuture<Void> passed) {}

    /// What a replica is made of.
    ///
    /// @param staged      the directory in `state` for revisions about to be placed
    /// @param incarnation of this node, durably counted at this start
    /// @param encoder     makes the command of a proposal
    /// @param loops       makes the control loop
    /// @param workers     runs slow reading and syncing, off the loop; the caller shuts it down after the replica
    /// @param clock       monotonic, nanoseconds
    /// @param wallClock   tells people when something was proposed
    /// @param rescanEvery how often the whole folder is compared, whatever the watch says
    /// @param failed      told of a defect: the node must end
    public record Parts(
            NodeId node,
            long incarnation,
            Catalog catalog,
            FolderIndex index,
            FolderRoot root,
            FolderRoot state,
            RelativePath staged,
            Function<InlineLookup, ContentService> contents,
            Consensus consensus,
            Function<Proposal, Bytes> encoder,
            ControlLoop.Factory loops,
            Executor workers,
            LongSupplier clock,
            InstantSource wallClock,
            Duration rescanEvery,
            Consumer<Throwable> failed) {}

    /// The small contents that are in memory only.
    @FunctionalInterface
    public interface InlineLookup {
        @org.jspecify.annotations.Nullable
        Bytes get(Digest digest);
    }

    public FolderReplica(Parts parts) {
        this.node = parts.node();
        this.catalog = parts.catalog();
        this.index = parts.index();
        FolderRoot root = parts.root();
        this.rescanEvery = parts.rescanEvery();
        this.inline = new InlineContents(this::spill);
        this.contents = parts.contents().apply(inline::get);
        this.clock = parts.clock();
        this.loop = parts.loops().make(this::work, parts.failed());
        Background background = new Background(parts.workers(), loop);
        this.proposer = new Proposer(
                parts.node(), parts.incarnation(), parts.consensus(), parts.encoder(), loop, clock, parts.wallClock());
        this.guard = new DeletionGuard(root);
        this.placements = new Placements(contents, loop, clock, this::lookAt, this::release, this::placed);
        this.ignored = new RulesInForce(
                catalog, root, parts.state(), parts.staged(), contents, loop, clock, this::rulesChanged);
        this.affected = new AffectedEntries(catalog, index, ignored);
        this.releases = new Releases(catalog, proposer, ignored, placements, this::nextSequence);
        this.syncPoints = new SyncPoints(catalog, index, contents, inline, placements, background, loop, clock);
        this.unrecordedEdits = new UnrecordedEdits(parts.node(), catalog, index, root);
        this.damage =
                new Damage(parts.node(), catalog, index, root, contents, inline, placements, rotten, parts.workers());
        Adoption adoption = new Adoption(catalog, index, placements, rotten);
        FolderScanner scanner = new FolderScanner(
                root, index, INLINE_BYTES_MAX, PROMPT_READ_BYTES_MAX, clockTickNanos(parts), parts.wallClock());
        this.changes = new LocalChanges(
                scanner,
                index,
                proposer,
                contents,
                guard,
                adoption,
                damage,
                placements,
                ignored,
                this::releaseByScan,
                background,
                loop,
                clock);
        this.hints = new Hints(root, changes, guard, ignored, loop);
        this.scrub = new Scrub(index, root, rotten, id -> loop.execute(() -> placements.enqueue(id)));
        this.restores = new Restores(proposer, changes);
        this.displaced = new DisplacedEdits(
                catalog,
                root,
                parts.state(),
                index,
                scanner,
                proposer,
                contents,
                changes,
                placements,
                background,
                loop,
                clock,
                parts.incarnation());
        this.leftovers = new Leftovers(root, parts.state(), parts.staged(), index, catalog, contents, displaced);
        this.decisions = new Decisions(
                catalog, index, root, adoption, changes, placements, contents, restores, displaced, syncPoints);
        placements.use(new Materializer(
                catalog,
                index,
                root,
                parts.state(),
                parts.staged(),
                contents.local(),
                parts.incarnation(),
                displaced,
                ignored,
                rotten,
                placements::enqueue,
                proposer::isBusy,
                proposer::isAnyBusyAtOrBelow));
    }

    private static long clockTickNanos(Parts parts) {
        try {
            return parts.state().clockTickNanos(parts.staged());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Starts the loop. As soon as the catalog knows what this folder held before, what the last run left half-done is
    /// settled, what differs from the catalog is placed, and the whole folder is scanned.
    public void start() {
        start(PreviousRun.NONE, logIndex -> {});
    }

    /// After a run that did not end in order nothing is placed or proposed before [#caughtUp].
    ///
    /// @param onSyncPoint told the log index of each new sync point; must not block for long
    public void start(PreviousRun before, LongConsumer onSyncPoint) {
        syncPoints.continueFrom(before.syncedIndex(), onSyncPoint);
        before.powerLoss().ifPresent(damage::begin);
        areEditsUnrecorded = before.wasKilled() && before.powerLoss().isEmpty();
        if (before.wasKilled() || before.powerLoss().isPresent()) {
            recovery = Recovery.WAITS_FOR_LOG;
        }
        loop.start();
    }

    /// All that the cluster had committed before this start was handed over: what the folder held when the last run
    /// ended is known to the catalog.
    public void caughtUp() {
        loop.execute(() -> {
            if (recovery == Recovery.WAITS_FOR_LOG && areEditsUnrecorded) {
                recovery = Recovery.NONE;
            } else if (recovery == Recovery.WAITS_FOR_LOG) {
                recovery = Recovery.READS;
                var _ = damage.findStale()
                        .whenComplete((stale, failure) -> loop.execute(() -> {
                            if (failure == null) {
                                damage.correct(stale);
                            }
                            recovery = Recovery.COMPARES;
                        }));
            }
        });
    }

    /// Whether all that a power loss may have damaged was found. Any thread.
    public boolean isRecovered() {
        return hasBegun && recovery == Recovery.NONE;
    }

    private enum Recovery {
        NONE,
        WAITS_FOR_LOG,
        READS,
        COMPARES
    }

    /// A catalog that is behind the folder, as after a power loss, would take files back to what they were, and
    /// make edits of what this node itself proposed last conflicts with it. The log brings the rest; until then
    /// nothing is placed and nothing proposed.
    private boolean mustWait() {
        return recovery == Recovery.WAITS_FOR_LOG
                || recovery == Recovery.READS
                || catalog.appliedIndex() < index.newestLogIndexAtOpen();
    }

    private void begin() {
        hasBegun = true;
        begunNanos = clock.getAsLong();
        ignored.lookAtCatalog(Duration.ZERO);
        settleLeftovers();
        if (areEditsUnrecorded) {
            unrecordedEdits.record();
        }
        compareAll();
        handled(catalog.appliedIndex());
        changes.scanFolder();
        firstScanSequence = changes.lastSequence();
    }

    private void settleLeftovers() {
        try {
            leftovers.settle(damage.isUnderWay());
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /// Before all differences are judged nothing that is marked may become unmarked.
    private void endRecoveryIfCompared() {
        if (recovery != Recovery.COMPARES || !isFirstScanDone) {
            return;
        }
        if (isRecoveryLate() || changes.oldestSequence() > firstScanSequence) {
            recovery = Recovery.NONE;
            damage.end();
        }
    }

    /// What cannot be read, decided or placed for long must not keep the log from being cut.
    private boolean isRecoveryLate() {
        return clock.getAsLong() - begunNanos > RECOVERY_NANOS_MAX;
    }

    private void lookAt(RelativePath path) {
        changes.dirtyUntold(path);
    }

    // --- ignored entries ---

    private void rulesChanged() {
        if (hasBegun) {
            compareAll();
            changes.scanFolder();
        }
    }

    private void placed(EntryId id) {
        ignored.placed(id);
    }

    private void release(EntryId id) {
        releases.add(id);
    }

    /// The node that changed the rules sees to it; the others only if that has not happened by the next rescan.
    private void releaseByScan(EntryId id) {
        if (ignored.isReleaseDue()) {
            releases.add(id);
        }
    }

    private long nextSequence() {
        return changes.nextSequence();
    }

    /// Whether the path is none of Lockstep's business. Any thread.
    public boolean isIgnored(RelativePath path, boolean isDirectory) {
        return ignored.isIgnored(path, isDirectory);
    }

    /// Whether a directory is deleted and stays only for what is ignored in it. Any thread.
    public boolean isKept(EntryId id) {
        return placements.isKept(id);
    }

    // --- what comes in ---

    public void hint(Hint hint) {
        hints.accept(hint);
    }

    /// Takes one applied commit, in log order. Blocks while too much is waiting.
    public void applied(Applied applied) throws InterruptedException {
        int bytes = APPLIED_BYTES_EACH
                + applied.contents().values().stream().mapToInt(Bytes::size).sum();
        int permits = Math.min(bytes, APPLIED_BYTES_MAX);
        appliedBytes.acquire(permits);
        loop.execute(() -> {
            appliedBytes.release(permits);
            take(applied);
        });
    }

    /// The log went on without a command.
    public void advanced(long logIndex) {
        loop.execute(() -> handled(logIndex));
    }

    /// The catalog was replaced by a snapshot.
    public void installed(long logIndex) {
        loop.execute(() -> {
            ignored.lookAtCatalog(rescanEvery);
            compareAll();
            handled(logIndex);
        });
    }

    private void take(Applied applied) {
        applied.contents().forEach((digest, bytes) -> inline.add(digest, bytes, applied.logIndex()));
        placements.handled(applied.logIndex());
        boolean isOwn =
                applied.operation().filter(one -> one.node().equals(node)).isPresent();
        ignored.lookAtCatalog(isOwn ? Duration.ZERO : rescanEvery);
        applied.operation().ifPresent(operation -> {
            if (applied.result() == Result.GAP) {
                proposer.refusedForGap(operation, clock.getAsLong());
            } else if (applied.result() == Result.APPLIED || applied.result() == Result.DUPLICATE) {
                decisions.take(proposer.decided(operation, applied.outcomes()));
            }
        });
        affected.of(applied, placements::enqueue);
        keepSuperseded(applied);
        handled(applied.logIndex());
    }

    private void handled(long logIndex) {
        handledIndex = Math.max(handledIndex, logIndex);
        placements.handled(logIndex);
    }

    /// A revision that gave way before it was placed here is in no folder of this node: it becomes history
    /// from the log.
    private void keepSuperseded(Applied applied) {
        for (Applied.Superseded old : applied.superseded()) {
            Bytes bytes = inline.get(old.content().digest());
            if (bytes == null) {
                stagedToHistory(old.content().digest());
            } else if (index.byContent(old.content().digest(), 1).isEmpty()) {
                keepHistory(old.content().digest(), bytes);
            }
        }
    }

    private void keepHistory(Digest digest, Bytes bytes) {
        try {
            contents.keepHistory(digest, bytes);
        } catch (IOException failure) {
            // The log still has it, and is not cut before a sync point has found it on disk.
            log.atWarn().addKeyValue("cause", failure.toString()).log("a content could not become history yet");
        }
    }

    private void stagedToHistory(Digest digest) {
        try {
            contents.stagedToHistory(digest);
        } catch (IOException failure) {
            // It stays staged, where it is found as well.
            log.atWarn().addKeyValue("cause", failure.toString()).log("a staged content could not become history");
        }
    }

    private void compareAll() {
        catalog.walk(view -> {
            view.forEachEntry(want -> {
                Held have = index.held(want.id());
                if (have == null || !have.entry().equals(want)) {
                    placements.enqueue(want.id());
                }
            });
            index.forEach(have -> {
                if (view.entry(have.id()) == null) {
                    placements.enqueue(have.id());
                }
            });
            return true;
        });
    }

    // --- the loop's turn ---

    private long work() {
        if (!hasBegun) {
            if (mustWait()) {
                return Long.MAX_VALUE;
            }
            begin();
        }
        long nowNanos = clock.getAsLong();
        if (nextRescanNanos != 0 && nowNanos - nextRescanNanos > 0) {
            nextRescanNanos = 0;
            changes.scanFolder();
            displaced.allDueNow(true);
        }
        boolean areRulesKnown = ignored.areKnown();
        if (areRulesKnown) {
            changes.step();
            releases.step();
        }
        displaced.step();
        long restNanos = proposer.pump(nowNanos);
        // What placing moves or changes looks changed: a damaged file could no longer be told from an edit.
        boolean mayPlace = areRulesKnown && recovery == Recovery.NONE;
        restNanos = Math.min(restNanos, mayPlace ? placements.step() : RulesInForce.LOOK_AGAIN_NANOS);
        passBarriers();
        endRecoveryIfCompared();
        if (recovery == Recovery.NONE && (!damage.isStanding() || isRecoveryLate())) {
            restNanos = Math.min(restNanos, syncPoints.step(handledIndex));
        }
        long changesRestNanos = areRulesKnown ? changes.restNanos() : Long.MAX_VALUE;
        return Math.min(restNanos, Math.min(changesRestNanos, displaced.restNanos()));
    }

    private void passBarriers() {
        if (isFirstScanDone && barriers.isEmpty()) {
            scheduleRescan();
            return;
        }
        long oldest = Math.min(changes.oldestSequence(), displaced.oldestSequence());
        if (!isFirstScanDone && !changes.isWalking()) {
            isFirstScanDone = true;
        }
        barriers.removeIf(barrier -> {
            if (oldest > barrier.sequence()) {
                barrier.passed().complete(null);
                return true;
            }
            return false;
        });
        scheduleRescan();
    }

    private void scheduleRescan() {
        if (nextRescanNanos == 0 && !changes.isWalking()) {
            nextRescanNanos = clock.getAsLong() + rescanEvery.toNanos();
        }
    }

    // --- barrier ---

    /// Waits for everything that the loop was told of before the call.
    ///
    /// @param rescan compare the whole folder, for what no hint told
    /// @return completes once all of it is committed
    public CompletableFuture<Void> barrier(boolean rescan) {
        CompletableFuture<Void> passed = new CompletableFuture<>();
        loop.execute(() -> {
            if (rescan) {
                changes.scanFolder();
            }
            changes.allDueNow();
            displaced.allDueNow(rescan);
            barriers.add(new Barrier(changes.lastSequence(), passed));
        });
        return passed;
    }

    /// How things are now; completed by the control loop.
    public CompletableFuture<ReplicaStatus> status() {
        CompletableFuture<ReplicaStatus> status = new CompletableFuture<>();
        loop.execute(() -> status.complete(statusNow()));
        return status;
    }

    private ReplicaStatus statusNow() {
        // The folder may have gone, or be back, since anything was found missing.
        boolean _ = guard.mayDelete();
        List<Problems.Problem> unsupported = new ArrayList<>(ignored.problems().some(1));
        unsupported.addAll(changes.unsupported().some(100));
        return new ReplicaStatus(
                handledIndex,
                placements.placedIndex(),
                proposer.pendingCount() + changes.unsettledCount() + displaced.waitingCount() + releases.size(),
                changes.unsettled(20),
                placements.size(),
                placements.unplaceable().some(100),
                changes.unreadable().some(100),
                unsupported,
                guard.haltReason(),
                isFirstScanDone,
                index.entries());
    }

    /// Reads the content of all files again, see [Scrub].
    public Scrub scrub() {
        return scrub;
    }

    // --- history ---

    /// Proposes an old revision. The folder plays no part: it takes the new revision as any other node's.
    ///
    /// @param put     with the revision of the catalog as base
    /// @param content the bytes, if they travel in the proposal; else they stand on a majority already
    /// @return completes with what was decided; with nothing, and nothing is proposed, while something in the
    ///     folder at the path is still to be proposed or on its way
    public CompletableFuture<Optional<Outcome>> restore(Change.Put put, Optional<Bytes> content) {
        CompletableFuture<Optional<Outcome>> decided = new CompletableFuture<>();
        loop.execute(() -> restores.offer(put, content, decided));
        return decided;
    }

    /// @return completes with the contents that entries are still to be placed with
    public CompletableFuture<Set<Digest>> contentsToPlace() {
        CompletableFuture<Set<Digest>> contentsToPlace = new CompletableFuture<>();
        loop.execute(() -> contentsToPlace.complete(placements.contents(catalog)));
        return contentsToPlace;
    }

    /// An administrator has looked at what is missing and said go on.
    public void resumeDeletions() {
        loop.execute(() -> {
            guard.resume();
            changes.scanFolder();
        });
    }

    // --- sync points ---

    /// @return completes once every content of commits up to `logIndex` stands durably on this node without
    ///     the log
    public CompletableFuture<Void> syncPoint(long logIndex) {
        return syncPoints.request(logIndex);
    }

    /// Whether what is written cannot be made durable now: what history holds may be needed again. Any thread.
    public boolean isSyncingFailing() {
        return syncPoints.isFailing();
    }

    /// What is not yet known to stand on disk and is too much to be kept in memory.
    private void spill(Digest digest, Bytes bytes) {
        try {
            if (!contents.stands(digest)) {
                contents.keepHistory(digest, bytes);
            }
        } catch (IOException failure) {
            // Not lost: the others hold it, and it is fetched when its turn comes.
            log.atWarn().addKeyValue("cause", failure.toString()).log("a content from the log could not be kept");
        }
    }

    @Override
    public void close() {
        scrub.close();
        loop.close();
    }
}
