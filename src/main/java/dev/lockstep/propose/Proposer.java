package dev.lockstep.propose;

import dev.lockstep.consensus.Consensus;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.SequencedSet;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Offers changes in batches and keeps them until their outcome is known.
///
/// Every proposal has the next number of this incarnation. The outcome is read from the catalog as this node
/// applies
/// it,
/// never from the answer to the offer: an offer that fails may have been heard. It is then offered again byte
/// for byte
/// under
/// its number, with all that came after it, and nothing new is offered until those are decided.
///
/// Owned by the folder's control loop: every method is called by it, and `loop` must run tasks on it.
public final class Proposer {
    /// Proposals under way at once.
    private static final int IN_FLIGHT_MAX = 4;
    private static final int BATCH_BYTES_MAX = 256 << 10;
    private static final long RETRY_FIRST_NANOS = 50_000_000;
    private static final long RETRY_LAST_NANOS = 1_000_000_000;
    /// How long a commit may take to be applied here before it is offered again: it may have been in a
    /// snapshot.
    private static final long APPLY_PATIENCE_NANOS = 2_000_000_000;
    /// How long nothing may be decided before the log tells of it; twice as long each time.
    private static final long TELL_FIRST_NANOS = 10_000_000_000L;
    private static final long TELL_LAST_NANOS = 600_000_000_000L;

    private static final Logger log = LoggerFactory.getLogger(Proposer.class);

    private final NodeId node;
    private final long incarnation;
    private final Consensus consensus;
    private final Function<Proposal, Bytes> encoder;
    private final InstantSource wallClock;
    private final Executor loop;
    private final LongSupplier clock;
    private final PendingPaths paths = new PendingPaths();
    private final SequencedSet<PendingChange> ready = new LinkedHashSet<>();
    private final SequencedSet<PendingChange> waitingForContent = new LinkedHashSet<>();
    private final NavigableMap<Long, InFlight> inFlight = new TreeMap<>();
    private long lastSequence;
    /// Something may not have been heard: nothing new is offered until all that was offered is decided.
    private boolean isRecovering;
    private boolean mustOfferAgain;
    private long offerAgainAtNanos;
    private long backoffNanos = RETRY_FIRST_NANOS;
    private long undecidedSinceNanos;
    private long toldAtNanos;
    private long tellAfterNanos = TELL_FIRST_NANOS;

    /// @param incarnation as durably counted at this start
    /// @param encoder     makes the command of a proposal
    /// @param loop        runs a task on the control loop
    /// @param clock       monotonic, nanoseconds
    /// @param wallClock   read into each proposal, for people
    public Proposer(
            NodeId node,
            long incarnation,
            Consensus consensus,
            Function<Proposal, Bytes> encoder,
            Executor loop,
            LongSupplier clock,
            InstantSource wallClock) {
        this.node = node;
        this.incarnation = incarnation;
        this.consensus = consensus;
        this.encoder = encoder;
        this.wallClock = wallClock;
        this.loop = loop;
        this.clock = clock;
    }

    /// What was decided about one change.
    public record Decision(PendingChange change, Outcome outcome) {}

    private static final class InFlight {
        private final Proposal proposal;
        private final Bytes command;
        private final List<PendingChange> changes;
        /// When the cluster said that it is committed; 0 as long as it has not.
        private long heardAtNanos;
        /// What was heard of it last, for people.
        private String answer = "none";

        private InFlight(Proposal proposal, Bytes command, List<PendingChange> changes) {
            this.proposal = proposal;
            this.command = command;
            this.changes = changes;
        }
    }

    /// Takes a change whose bytes travel in the proposal or are none.
    ///
    /// @throws IllegalStateException if one of its paths is taken, see [#isBusy]
    public void add(PendingChange change) {
        register(change);
        ready.add(change);
    }

    /// Takes a change whose content must first stand on a majority; see [#contentDurable].
    public void addWaitingForContent(PendingChange change) {
        register(change);
        waitingForContent.add(change);
    }

    private void register(PendingChange change) {
        for (RelativePath path : change.paths()) {
            if (paths.at(path) != null) {
                throw new IllegalStateException("two changes at once for " + path);
            }
        }
        paths.add(change);
    }

    public void contentDurable(PendingChange change) {
        if (waitingForContent.remove(change)) {
            ready.add(change);
        }
    }

    /// Gives up a change that has not been offered.
    public void withdraw(PendingChange change) {
        if (waitingForContent.remove(change) || ready.remove(change)) {
            paths.remove(change);
        }
    }

    /// Whether a change at the path, or a move or deletion above it, is under way.
    public boolean isBusy(RelativePath path) {
        return paths.isCovered(path);
    }

    /// Whether the path is being proposed as a directory.
    public boolean isDirectoryUnderWay(RelativePath path) {
        PendingChange change = paths.at(path);
        return change != null
                && change.change() instanceof Change.Put put
                && put.content().isDirectory();
    }

    /// Whether a file or symlink is being proposed at the path.
    public boolean isFileUnderWay(RelativePath path) {
        PendingChange change = paths.at(path);
        return change != null
                && change.change() instanceof Change.Put put
                && !put.content().isDirectory();
    }

    public boolean isAnyBusyAtOrBelow(RelativePath path) {
        return paths.isAnyAtOrBelow(path);
    }

    /// Changes whose outcome is not known.
    public int pendingCount() {
        int offered = inFlight.values().stream()
                .mapToInt(flight -> flight.changes.size())
                .sum();
        return ready.size() + waitingForContent.size() + offered;
    }

    public List<RelativePath> pendingPaths(int limit) {
        List<RelativePath> found = new ArrayList<>();
        forEachPending(change -> {
            if (found.size() < limit) {
                found.add(change.path());
            }
        });
        return found;
    }

    /// The number of the oldest change whose outcome is not known, [Long#MAX_VALUE] without any.
    public long oldestSequence() {
        long[] oldest = {Long.MAX_VALUE};
        forEachPending(change -> oldest[0] = Math.min(oldest[0], change.sequence()));
        return oldest[0];
    }

    private void forEachPending(Consumer<PendingChange> visitor) {
        inFlight.values().forEach(flight -> flight.changes.forEach(visitor));
        ready.forEach(visitor);
        waitingForContent.forEach(visitor);
    }

    /// Offers what can be offered now.
    ///
    /// @return nanoseconds until it wants to be called again though nothing happened, [Long#MAX_VALUE] if not
    public long pump(long nowNanos) {
        noticeUnheard(nowNanos);
        tellIfUndecided(nowNanos);
        if (mustOfferAgain) {
            if (nowNanos - offerAgainAtNanos < 0) {
                return offerAgainAtNanos - nowNanos;
            }
            offerAgain();
        }
        if (!isRecovering) {
            while (inFlight.size() < IN_FLIGHT_MAX && !ready.isEmpty()) {
                offerBatch();
            }
        }
        return inFlight.isEmpty() ? Long.MAX_VALUE : APPLY_PATIENCE_NANOS;
    }

    private void noticeUnheard(long nowNanos) {
        for (InFlight flight : inFlight.values()) {
            if (flight.heardAtNanos != 0 && nowNanos - flight.heardAtNanos > APPLY_PATIENCE_NANOS) {
                flight.heardAtNanos = 0;
                askAgain(nowNanos);
            }
        }
    }

    private void tellIfUndecided(long nowNanos) {
        if (inFlight.isEmpty()) {
            progressed(nowNanos);
        } else if (nowNanos - toldAtNanos > tellAfterNanos) {
            InFlight oldest = inFlight.firstEntry().getValue();
            log.atWarn()
                    .addKeyValue("operation", oldest.proposal.operation())
                    .addKeyValue("proposals", inFlight.size())
                    .addKeyValue("seconds", (nowNanos - undecidedSinceNanos) / 1_000_000_000)
                    .addKeyValue("lastAnswer", oldest.answer)
                    .log("nothing that was offered is decided; it is offered again and again");
            toldAtNanos = nowNanos;
            tellAfterNanos = Math.min(2 * tellAfterNanos, TELL_LAST_NANOS);
        }
    }

    private void progressed(long nowNanos) {
        undecidedSinceNanos = nowNanos;
        toldAtNanos = nowNanos;
        tellAfterNanos = TELL_FIRST_NANOS;
    }

    private void offerBatch() {
        List<PendingChange> batch = new ArrayList<>();
        SequencedSet<Bytes> contents = new LinkedHashSet<>();
        int bytes = 0;
        for (PendingChange change : ready) {
            int size = change.content().map(Bytes::size).orElse(0);
            if (batch.size() == Proposal.CHANGES_MAX || bytes + size > BATCH_BYTES_MAX) {
                break;
            }
            batch.add(change);
            if (change.content().isPresent() && contents.add(change.content().get())) {
                bytes += size;
            }
        }
        batch.forEach(ready::remove);
        List<Change> changes = batch.stream().map(PendingChange::change).toList();
        OperationId operation = new OperationId(node, incarnation, ++lastSequence);
        Proposal proposal = new Proposal(operation, changes, List.copyOf(contents), wallClock.millis());
        InFlight flight = new InFlight(proposal, encoder.apply(proposal), batch);
        inFlight.put(operation.sequence(), flight);
        offer(flight);
    }

    private void offer(InFlight flight) {
        var _ = consensus
                .offer(flight.command)
                .whenComplete((logIndex, failure) -> loop.execute(() -> offered(flight, failure)));
    }

    private void offered(InFlight flight, @Nullable Throwable failure) {
        if (inFlight.get(flight.proposal.operation().sequence()) != flight) {
            return;
        }
        if (failure == null) {
            flight.heardAtNanos = clock.getAsLong();
            flight.answer = "committed";
            return;
        }
        flight.answer = failure.toString();
        log.atDebug()
                .addKeyValue("operation", flight.proposal.operation())
                .addKeyValue("cause", failure.toString())
                .log("offer not heard, will be offered again");
        askAgain(clock.getAsLong());
    }

    private void askAgain(long nowNanos) {
        isRecovering = true;
        if (!mustOfferAgain) {
            mustOfferAgain = true;
            offerAgainAtNanos = nowNanos + backoffNanos;
            backoffNanos = Math.min(2 * backoffNanos, RETRY_LAST_NANOS);
        }
    }

    private void offerAgain() {
        mustOfferAgain = false;
        inFlight.values().forEach(this::offer);
    }

    /// Takes the outcomes of one of this node's proposals.
    ///
    /// @return one decision per change, in order; nothing if the outcome was known already
    public List<Decision> decided(OperationId operation, List<Outcome> outcomes) {
        if (!operation.node().equals(node) || operation.incarnation() != incarnation) {
            return List.of();
        }
        InFlight flight = inFlight.remove(operation.sequence());
        if (flight == null) {
            return List.of();
        }
        progressed(clock.getAsLong());
        if (inFlight.isEmpty()) {
            mustOfferAgain = false;
            isRecovering = false;
            backoffNanos = RETRY_FIRST_NANOS;
        }
        List<Decision> decisions = new ArrayList<>();
        for (int i = 0; i < flight.changes.size(); i++) {
            PendingChange change = flight.changes.get(i);
            paths.remove(change);
            // An outcome that the catalog no longer remembers is read off the disk and the catalog by a new scan.
            Outcome outcome = i < outcomes.size() ? outcomes.get(i) : new Outcome.Overruled("no longer known");
            decisions.add(new Decision(change, outcome));
        }
        return decisions;
    }

    /// One of this node's proposals came before its predecessor: all are offered again, in order.
    public void refusedForGap(OperationId operation, long nowNanos) {
        if (operation.node().equals(node) && operation.incarnation() == incarnation) {
            InFlight flight = inFlight.get(operation.sequence());
            if (flight != null) {
                flight.answer = "refused: an earlier one is missing";
            }
            askAgain(nowNanos);
        }
    }
}
