package dev.lockstep.replica;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.propose.Proposer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Old revisions on their way to become new ones. They come from no folder, so what is decided about them
/// touches no folder index. Owned by the control loop.
final class Restores {
    /// Under way at once; more are told to wait.
    private static final int UNDER_WAY_MAX = 256;

    private final Proposer proposer;
    private final LocalChanges changes;
    private final Map<PendingChange, CompletableFuture<Optional<Outcome>>> underWay = new HashMap<>();

    Restores(Proposer proposer, LocalChanges changes) {
        this.proposer = proposer;
        this.changes = changes;
    }

    /// @param decided completed with nothing if something local at the path comes first
    void offer(Change.Put put, Optional<Bytes> content, CompletableFuture<Optional<Outcome>> decided) {
        RelativePath path = put.place().path();
        if (changes.isIgnored(path)) {
            decided.complete(Optional.of(new Outcome.Refused("ignored by " + RulesInForce.PATH)));
            return;
        }
        boolean mustWait = underWay.size() == UNDER_WAY_MAX
                || proposer.pendingCount() >= LocalChanges.PENDING_MAX
                || proposer.isBusy(path)
                || proposer.isAnyBusyAtOrBelow(path)
                || !changes.isAsHeld(path);
        if (mustWait) {
            decided.complete(Optional.empty());
            return;
        }
        PendingChange change = new PendingChange(List.of(path), put, Optional.empty(), content, changes.nextSequence());
        underWay.put(change, decided);
        proposer.add(change);
    }

    /// @return whether the change was one of these
    boolean decided(PendingChange change, Outcome outcome) {
        CompletableFuture<Optional<Outcome>> decided = underWay.remove(change);
        return decided != null && decided.complete(Optional.of(outcome));
    }
}
