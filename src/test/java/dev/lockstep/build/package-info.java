/// Holds the build to what it is trusted to find.
@NullMarked
package dev.lockstep.build;

import org.jspecify.annotations.NullMarked;
