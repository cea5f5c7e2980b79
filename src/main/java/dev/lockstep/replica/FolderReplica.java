package dev.lockstep.replica;

import dev.lockstep.catalog.Applied;
import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.Result;
import dev.lockstep.consensus.Consensus;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.Materializer;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Digest;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One folder on this node, alive: what changes in it is proposed, what is committed is placed in it. Methods
/// are called by any
/// thread and hand over to the control loop.
public final class FolderReplica implements AutoCloseable {
    /// Files up to this size travel in the log.
    public static final int INLINE_BYTES_MAX = 32 << 10;

    private static final long PROMPT_READ_BYTES_MAX = 1 << 20;
    private static final int HINTS_MAX = 200_000;
    private static final int APPLIED_BYTES_MAX = 32 << 20;
    private static final int APPLIED_BYTES_EACH = 256;
    private static final Logger log = LoggerFactory.getLogger(FolderReplica.class);

    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;
    private final ContentService contents;
    private final Proposer proposer;
    private final DeletionGuard guard;
    private final Placements placements;
    private final LocalChanges changes;
    private final Restores restores;
    private final Decisions decisions;
    private final DisplacedEdits displaced;
    private final Leftovers leftovers;
    private final InlineContents inline;
    private final ControlLoop loop;
    private final SyncPoints syncPoints;
    private final LongSupplier clock;
    private final Duration rescanEvery;

    private final Semaphore appliedBytes = new Semaphore(APPLIED_BYTES_MAX);
    private final AtomicInteger hintsWaiting = new AtomicInteger();
    private final AtomicBoolean areHintsMissing = new AtomicBoolean();
    private final List<Barrier> barriers = new ArrayList<>();
    private long handledIndex;
    private long nextRescanNanos;
    private boolean hasBegun;
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
        this.catalog = parts.catalog();
        this.index = parts.index();
        this.root = parts.root();
        this.rescanEvery = parts.rescanEvery();
        this.inline = new InlineContents(this::spill);
        this.contents = parts.contents().apply(inline::get);
        Executor workers = parts.workers();
        this.clock = parts.clock();
        this.loop = parts.loops().make(this::work, parts.failed());
        this.proposer = new Proposer(
                parts.node(), parts.incarnation(), parts.consensus(), parts.encoder(), loop, clock, parts.wallClock());
        this.guard = new DeletionGuard(root);
        this.placements = new Placements(contents, loop, clock, this::lookAt);
        this.syncPoints = new SyncPoints(catalog, index, contents, inline, placements, workers, loop, clock);
        Adoption adoption = new Adoption(catalog, index, placements);
        FolderScanner scanner = new FolderScanner(root, index, INLINE_BYTES_MAX, PROMPT_READ_BYTES_MAX);
        this.changes =
                new LocalChanges(scanner, index, proposer, contents, guard, adoption, placements, workers, loop, clock);
        this.restores = new Restores(proposer, changes);
        this.displaced = new DisplacedEdits(
                root,
                parts.state(),
                index,
                scanner,
                proposer,
                contents,
                changes,
                placements,
                workers,
                loop,
                clock,
                parts.incarnation());
        this.leftovers = new Leftovers(parts.state(), parts.staged(), index, catalog, contents, displaced);
        this.decisions =
                new Decisions(catalog, index, root, adoption, changes, placements, contents, restores, displaced);
        placements.use(new Materializer(
                catalog,
                index,
                root,
                parts.state(),
                parts.staged(),
                contents.local(),
                parts.incarnation(),
                displaced,
                proposer::isBusy,
                proposer::isAnyBusyAtOrBelow));
    }

    /// Starts the loop. As soon as the catalog knows what this folder held before, what the last run left half-done is
    /// settled, what differs from the catalog is placed, and the whole folder is scanned.
    public void start() {
        loop.start();
    }

    /// A catalog that is behind the folder, as after a power loss, would take files back to what they were. The log
    /// brings the rest; until then nothing is placed and nothing proposed.
    private boolean isCatalogBehindFolder() {
        return catalog.appliedIndex() < index.newestLogIndexAtOpen();
    }

    private void begin() {
        hasBegun = true;
        settleLeftovers();
        compareAll();
        handled(catalog.appliedIndex());
        changes.dirtySubtree(RelativePath.ROOT);
    }

    private void settleLeftovers() {
        try {
            leftovers.settle();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void lookAt(RelativePath path) {
        changes.dirty(path);
    }

    // --- what comes in ---

    public void hint(Hint hint) {
        if (hintsWaiting.incrementAndGet() > HINTS_MAX) {
            hintsWaiting.decrementAndGet();
            missHint();
            return;
        }
        loop.execute(() -> {
            hintsWaiting.decrementAndGet();
            take(hint);
        });
    }

    /// Beyond the bound hints are dropped and everything is looked at instead, once the loop gets there.
    private void missHint() {
        if (areHintsMissing.compareAndSet(false, true)) {
            loop.execute(() -> {
                areHintsMissing.set(false);
                changes.dirtySubtree(RelativePath.ROOT);
            });
        }
    }

    private void take(Hint hint) {
        switch (hint) {
            case Hint.Dirty(RelativePath path, Hint.Cause cause) -> dirty(path, cause);
            case Hint.DirtySubtree(RelativePath path) -> changes.dirtySubtree(path);
            case Hint.Moved(RelativePath from, RelativePath to) -> {
                changes.dirty(from);
                changes.dirtySubtree(to);
            }
            case Hint.EverythingDirty(String reason) -> {
                log.atWarn().addKeyValue("reason", reason).log("watching missed events, the folder is rescanned");
                changes.dirtySubtree(RelativePath.ROOT);
            }
            case Hint.RootGone(String reason) -> {
                log.atError().addKeyValue("reason", reason).log("the folder is not in its place any more");
                guard.mayDelete(0, 0);
            }
        }
    }

    private void dirty(RelativePath path, Hint.Cause cause) {
        switch (cause) {
            case MODIFIED -> changes.dirtyWhenSettled(path);
            case CREATED -> {
                if (isBeingWritten(path)) {
                    changes.dirtyWhenSettled(path);
                } else {
                    changes.dirty(path);
                }
            }
            case CLOSED, DELETED, ATTRIBUTES, MOVED_IN, MOVED_OUT -> changes.dirty(path);
        }
    }

    /// A file that was just made is still open in its program, unless it is another name of a file that was
    /// there.
    private boolean isBeingWritten(RelativePath path) {
        try {
            Stamp stamp = root.stat(path);
            return stamp != null && stamp.kind() == Kind.FILE && stamp.links() == 1;
        } catch (IOException unreadable) {
            return false;
        }
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
            compareAll();
            handled(logIndex);
        });
    }

    private void take(Applied applied) {
        applied.contents().forEach((digest, bytes) -> inline.add(digest, bytes, applied.logIndex()));
        placements.handled(applied.logIndex());
        applied.operation().ifPresent(operation -> {
            if (applied.result() == Result.GAP) {
                proposer.refusedForGap(operation, clock.getAsLong());
            } else if (applied.result() == Result.APPLIED || applied.result() == Result.DUPLICATE) {
                decisions.take(proposer.decided(operation, applied.outcomes()));
            }
        });
        applied.touched().forEach(placements::enqueue);
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
            if (isCatalogBehindFolder()) {
                return Long.MAX_VALUE;
            }
            begin();
        }
        long nowNanos = clock.getAsLong();
        if (nextRescanNanos != 0 && nowNanos - nextRescanNanos > 0) {
            nextRescanNanos = 0;
            changes.dirtySubtree(RelativePath.ROOT);
        }
        changes.step();
        displaced.step();
        long restNanos = proposer.pump(nowNanos);
        restNanos = Math.min(restNanos, placements.step());
        passBarriers();
        restNanos = Math.min(restNanos, syncPoints.step(handledIndex));
        return Math.min(restNanos, Math.min(changes.restNanos(), displaced.restNanos()));
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
                changes.dirtySubtree(RelativePath.ROOT);
            }
            changes.allDueNow();
            barriers.add(new Barrier(changes.lastSequence(), passed));
        });
        return passed;
    }

    /// @return completes once the folder holds everything committed up to `logIndex`
    public CompletableFuture<ReplicaStatus> status() {
        CompletableFuture<ReplicaStatus> status = new CompletableFuture<>();
        loop.execute(() -> status.complete(statusNow()));
        return status;
    }

    private ReplicaStatus statusNow() {
        return new ReplicaStatus(
                handledIndex,
                placements.placedIndex(),
                proposer.pendingCount() + changes.unsettledCount() + displaced.waitingCount(),
                changes.unsettled(20),
                placements.size(),
                placements.unplaceable().some(100),
                changes.unreadable().some(100),
                changes.unsupported().some(100),
                guard.haltReason(),
                isFirstScanDone,
                index.entries());
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
            changes.dirtySubtree(RelativePath.ROOT);
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
        loop.close();
    }
}
