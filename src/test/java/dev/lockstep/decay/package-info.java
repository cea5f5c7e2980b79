/// Files that go bad, for tests of several rooms.
@NullMarked
package dev.lockstep.decay;

import org.jspecify.annotations.NullMarked;
