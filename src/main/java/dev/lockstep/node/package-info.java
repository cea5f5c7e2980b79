/// One node: its configuration, its state directory, who it is, how a cluster is founded and joined, and the
/// wiring of
/// the other rooms. In: a [dev.lockstep.node.NodeConfig]. Out: a running node. May use every room but `api`
/// and `cli`.
@NullMarked
package dev.lockstep.node;

import org.jspecify.annotations.NullMarked;
