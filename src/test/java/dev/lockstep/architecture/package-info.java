/// Holds the rooms to the arrows that ARCHITECTURE.md draws.
@NullMarked
package dev.lockstep.architecture;

import org.jspecify.annotations.NullMarked;
