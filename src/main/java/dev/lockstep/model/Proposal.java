package dev.lockstep.model;

import java.util.List;

/// Changes offered to the cluster as one entry of the log; each has its own base and its own outcome, in order.
///
/// @param operation names the proposal, so that it takes effect once
/// @param changes   1 to [#CHANGES_MAX]
/// @param contents  the bytes of small files that the changes name, each content once
/// @param clockMillis what the proposer's clock showed, milliseconds since 1970, for people only: nothing is
///     decided by it; 0 if it does not say
public record Proposal(OperationId operation, List<Change> changes, List<Bytes> contents, long clockMillis) {
    public static final int CHANGES_MAX = 64;

    /// Without a clock.
    public Proposal(OperationId operation, List<Change> changes, List<Bytes> contents) {
        this(operation, changes, contents, 0);
    }

    public Proposal {
        changes = List.copyOf(changes);
        contents = List.copyOf(contents);
        if (changes.isEmpty() || changes.size() > CHANGES_MAX) {
            throw new IllegalArgumentException("a proposal of " + changes.size() + " changes");
        }
    }
}
