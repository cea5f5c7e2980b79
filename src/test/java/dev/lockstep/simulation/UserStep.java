package dev.lockstep.simulation;

import dev.lockstep.folder.RenameMode;
import dev.lockstep.model.RelativePath;

/// One system call of a program, or what one command does at once. A step that the disk refuses does nothing.
sealed interface UserStep {
    /// How a program opens a file.
    enum Opening {
        /// Made or emptied.
        TRUNCATE,
        /// Made; refused if it is there.
        EXCLUSIVE,
        /// Made if it is not there; written from its end.
        APPEND,
        /// As it is; written from its beginning.
        EXISTING
    }

    /// @param slot names the open file for later steps of the same machine
    record Open(int slot, RelativePath path, Opening opening) implements UserStep {}

    /// Writes at the position of the open file.
    ///
    /// @param token  tells this write from all others
    /// @param copies how often it is written in a row
    record Write(int slot, int token, int copies) implements UserStep {}

    record CutOff(int slot, int sizeBytes) implements UserStep {}

    /// As `fsync`.
    record Sync(int slot) implements UserStep {}

    record Close(int slot) implements UserStep {}

    record MakeDirectories(RelativePath path) implements UserStep {}

    record RemoveDirectory(RelativePath path) implements UserStep {}

    /// As `rm -r`.
    record RemoveTree(RelativePath path) implements UserStep {}

    record Remove(RelativePath path) implements UserStep {}

    record Rename(RelativePath from, RelativePath to, RenameMode mode) implements UserStep {}

    record MakeSymlink(RelativePath path, String target) implements UserStep {}

    record Link(RelativePath existing, RelativePath added) implements UserStep {}

    record ChangeMode(RelativePath path, int mode) implements UserStep {}

    /// @param mtimeNanos 0 for now
    record Touch(RelativePath path, long mtimeNanos) implements UserStep {}

    /// Writes the rules of what is ignored, in place.
    record SaveRules(String text) implements UserStep {}

    /// Other bytes of the same number, and the mtime set back to what it was.
    record Sneak(RelativePath path, int token) implements UserStep {}
}
