/// Hears from the operating system where a folder may have changed. In: nothing. Out:
/// [dev.lockstep.watch.Hint]s. Decides
/// nothing and reads no content. May use `folder`.
@NullMarked
package dev.lockstep.watch;

import org.jspecify.annotations.NullMarked;
