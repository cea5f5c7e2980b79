/// One folder on this disk, through the kernel's own calls. In: relative paths (names are bytes). Out: stamps,
/// lists, open files, and changes made without ever following a symlink. Uses the JDK and `model`; Linux on
/// x86-64 and aarch64.
@NullMarked
package dev.lockstep.folder;

import org.jspecify.annotations.NullMarked;
