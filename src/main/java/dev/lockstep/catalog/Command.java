package dev.lockstep.catalog;

import dev.lockstep.model.NodeId;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.StoreId;

/// What an entry of the log asks the catalog to do. [CommandCodec] says how it is written.
public sealed interface Command {
    /// A node offers changes of its folder.
    record Propose(Proposal proposal) implements Command {}

    /// An administrator allows a node to come back with a new store.
    ///
    /// @param node whose store is lost
    /// @param old  the lost store, which may never come back
    record PermitReplacement(NodeId node, StoreId old) implements Command {}
}
