/// The ordered log by Apache Ratis over gRPC, and calls between nodes on the same port. In and out: as the
/// `consensus`
/// port says. The only room that imports Ratis.
@NullMarked
package dev.lockstep.consensus.ratis;

import org.jspecify.annotations.NullMarked;
