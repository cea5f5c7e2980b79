/// The replicated truth. In: commits. Out: applied entries and outcomes. May use `model` alone.
///
/// The rules are pure functions over a small ordered store: no clock, disk, randomness, locale or thread
/// decides
/// anything here, so every node decides the same.
@NullMarked
package dev.lockstep.catalog;

import org.jspecify.annotations.NullMarked;
