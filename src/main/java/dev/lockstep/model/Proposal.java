package dev.lockstep.model;

import java.util.List;

/// Changes offered to the cluster as one entry of the log; each has its own base and its own outcome, in order.
///
/// @param operation names the proposal, so that it takes effect once
/// @param changes   1 to [#CHANGES_MAX]
/// @param contents  the bytes of small files that the changes name, each content once
public record Proposal(OperationId operation, List<Change> changes, List<Bytes> contents) {
    public static final int CHANGES_MAX = 64;

    public Proposal {
        changes = List.copyOf(changes);
        contents = List.copyOf(contents);
        if (changes.isEmpty() || changes.size() > CHANGES_MAX) {
            throw new IllegalArgumentException("a proposal of " + changes.size() + " changes");
        }
    }
}
