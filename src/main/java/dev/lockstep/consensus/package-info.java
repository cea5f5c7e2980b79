/// The port to the ordered log that all nodes agree on. In: commands to offer. Out:
/// [dev.lockstep.consensus.Commit]s in
/// one
/// order, the same on every node. May use `catalog`; knows no product.
@NullMarked
package dev.lockstep.consensus;

import org.jspecify.annotations.NullMarked;
