/// The nouns of Lockstep: values that every room shares. In: nothing. Out: records and sealed types.
/// Uses the JDK alone; touches no clock, disk, network or thread.
@NullMarked
package dev.lockstep.model;

import org.jspecify.annotations.NullMarked;
