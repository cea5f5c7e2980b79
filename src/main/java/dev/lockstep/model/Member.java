package dev.lockstep.model;

/// One voting member of the cluster.
///
/// @param node    its name
/// @param store   the state directory that votes; a replaced disk is a new store, hence another member
/// @param address where it takes calls from its peers
public record Member(NodeId node, StoreId store, Address address) {}
