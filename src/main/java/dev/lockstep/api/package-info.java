/// The face of a running node over HTTP. In: requests. Out: JSON, and Prometheus text. Decides nothing
/// itself. May use `node`
/// and `catalog`.
@NullMarked
package dev.lockstep.api;

import org.jspecify.annotations.NullMarked;
