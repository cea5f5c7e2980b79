/// Contents on this node: staged (received whole, durable, not yet placed), history (displaced by a newer
/// revision), or at
/// their path in the folder. In: bytes and displaced files. Out: contents by digest. May use `folder`.
@NullMarked
package dev.lockstep.content;

import org.jspecify.annotations.NullMarked;
