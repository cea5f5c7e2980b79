package dev.lockstep.model;

/// What became of one change of a proposal.
public sealed interface Outcome {
    /// It took effect, or the catalog already said the same.
    ///
    /// @param entry    the entry changed or created; for a move the first one, for a deletion the one deleted
    /// @param revision the entry's revision from now on
    record Accepted(EntryId entry, Revision revision) implements Outcome {}

    /// The entry had moved on: the offered bytes became a conflict copy.
    record Copied(EntryId copy, Revision revision) implements Outcome {}

    /// Somebody else's change stands instead; nothing of this one is to be kept.
    record Overruled(String reason) implements Outcome {}

    /// The change made no sense. Never the answer to anything a user can do.
    record Refused(String reason) implements Outcome {}
}
