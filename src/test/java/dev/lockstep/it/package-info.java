/// Whole clusters as people run them: real processes, real folders, real kills, seen only from outside. In: the
/// command line, the folders and the HTTP face. Out: verdicts on the contract. May use nothing of
/// `dev.lockstep`.
@NullMarked
package dev.lockstep.it;

import org.jspecify.annotations.NullMarked;
