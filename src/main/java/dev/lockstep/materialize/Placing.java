package dev.lockstep.materialize;

import dev.lockstep.model.Content;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;

/// What became of the attempt to bring one entry of the folder to the state of the catalog.
public sealed interface Placing {
    /// The folder agrees with the catalog on this entry.
    record Done() implements Placing {}

    /// Another entry must be placed first.
    record After(EntryId other) implements Placing {}

    /// A local change at the path goes first: nothing is placed over it.
    ///
    /// @param path to be scanned
    record LocalChange(RelativePath path) implements Placing {}

    /// A change at the path is on its way to the cluster; its outcome comes first.
    record Busy(RelativePath path) implements Placing {}

    /// The bytes are not on this node.
    record ContentMissing(Content.File content) implements Placing {}

    /// The disk refused. Retried later; holds up nothing else.
    record Refused(RelativePath path, String reason) implements Placing {}

    /// The entry is ignored here: whatever stands at its path is not touched.
    record Ignored() implements Placing {}

    /// The entry left the catalog because it was ignored, and is not ignored any more: the path is to be scanned.
    record Released(RelativePath path) implements Placing {}

    /// A deleted directory stays, because it holds ignored entries. Tried again when something in it changes.
    record Kept(RelativePath path, String reason) implements Placing {}
}
