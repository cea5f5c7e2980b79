/// Finds what changed in a folder. In: dirty paths. Out: [dev.lockstep.scan.Finding]s, each with the
/// [dev.lockstep.model.Change] to propose. Reads the disk, never writes to the folder; knows nothing of
/// consensus. May
/// use
/// `folder` and `content`.
@NullMarked
package dev.lockstep.scan;

import org.jspecify.annotations.NullMarked;
