/// The commands people type, one class each. In: arguments. Out: text or JSON on standard output, messages on
/// standard error,
/// an exit code. May use `api` and `node`.
@NullMarked
package dev.lockstep.cli;

import org.jspecify.annotations.NullMarked;
