/// Offers changes to the cluster. In: changes found by scans. Out: proposals, and what became of each change.
/// Batches
/// what
/// is ready together, keeps changes of one path in order, and offers again what may not have been heard. May
/// use
/// `content`, `transfer` and `consensus`.
@NullMarked
package dev.lockstep.propose;

import org.jspecify.annotations.NullMarked;
