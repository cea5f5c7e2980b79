/// Makes the folder match the catalog. In: entries whose record changed. Out: files, directories and symlinks
/// placed in the
/// folder. Replaces, moves or removes only what the folder index knows to be committed; everything else is
/// handed back as
/// a local change. May use `catalog`, `folder`, `content`, `transfer` and `consensus`.
@NullMarked
package dev.lockstep.materialize;

import org.jspecify.annotations.NullMarked;
