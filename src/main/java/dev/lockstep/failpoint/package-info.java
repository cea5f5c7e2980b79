/// Named places at which a test makes the process die, wait or fail. In: the system property `lockstep.failpoints`.
/// Out:
/// nothing, as long as it is not set. Every room may pass through these places; this one uses none.
@NullMarked
package dev.lockstep.failpoint;

import org.jspecify.annotations.NullMarked;
