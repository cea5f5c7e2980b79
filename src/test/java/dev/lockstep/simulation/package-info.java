/// A cluster on one virtual clock: what is slow, unordered or random in the world comes from a seed here,
/// and the seed brings the same run back.
@NullMarked
package dev.lockstep.simulation;

import org.jspecify.annotations.NullMarked;
