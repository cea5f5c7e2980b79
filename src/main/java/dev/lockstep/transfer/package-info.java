/// Content between nodes, beside the log. In: contents to make durable elsewhere, or to obtain. Out: the
/// same, hash-checked
/// and durable. Memory is bounded by a window of chunks, whatever the size of a content. May use `content`.
@NullMarked
package dev.lockstep.transfer;

import org.jspecify.annotations.NullMarked;
