package dev.lockstep.replica;

import dev.lockstep.model.RelativePath;
import dev.lockstep.replica.Problems.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How one folder on this node stands, as of its control loop's last turn.
///
/// @param handledIndex    commits up to here were handed to the loop
/// @param placedIndex     everything committed up to here stands in the folder
/// @param pending         changes found here whose outcome is not known, and paths about to be looked at
/// @param pendingPaths    some of them
/// @param toPlace         entries whose place in the folder is behind the catalog
/// @param unplaceable     entries that could not be placed, each with the reason
/// @param unreadable      paths that could not be read, each with the reason
/// @param unsupported     what is never replicated, each with the reason
/// @param deletionsHalted why no deletion is proposed, null if they are
/// @param isFirstScanDone whether the scan at start has gone through the folder
public record ReplicaStatus(
        long handledIndex,
        long placedIndex,
        int pending,
        List<RelativePath> pendingPaths,
        int toPlace,
        List<Problem> unplaceable,
        List<Problem> unreadable,
        List<Problem> unsupported,
        @Nullable String deletionsHalted,
        boolean isFirstScanDone,
        long entries) {
    public ReplicaStatus {
        pendingPaths = List.copyOf(pendingPaths);
        unplaceable = List.copyOf(unplaceable);
        unreadable = List.copyOf(unreadable);
        unsupported = List.copyOf(unsupported);
    }

    /// Whether nothing is under way and nothing is in the way.
    public boolean isSettled() {
        return pending == 0 && toPlace == 0 && isFirstScanDone && deletionsHalted == null && unreadable.isEmpty();
    }
}
