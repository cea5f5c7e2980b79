/// One folder on one node: the control loop that owns it. In: hints from the watch, applied commits, finished
/// reads and
/// transfers. Out: scans, proposals and placings, in the right order and never two at once for one path.
/// Everything that
/// decides runs on one thread; slow reading and transfer run elsewhere and report back. May use `watch`,
/// `scan`, `folder`,
/// `content`, `transfer`, `consensus`, `catalog`, `propose` and `materialize`.
@NullMarked
package dev.lockstep.replica;

import org.jspecify.annotations.NullMarked;
