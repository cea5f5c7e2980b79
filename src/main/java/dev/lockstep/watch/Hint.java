package dev.lockstep.watch;

import dev.lockstep.model.RelativePath;

/// Says where the folder may have changed. Never proof that it did; no silence is proof that it did not.
public sealed interface Hint {
    /// One path.
    record Dirty(RelativePath path, Cause cause) implements Hint {}

    /// A path and all below it.
    record DirtySubtree(RelativePath path) implements Hint {}

    /// An entry was renamed inside the folder.
    record Moved(RelativePath from, RelativePath to) implements Hint {}

    /// Events were lost, though every directory was watched all the time.
    record EverythingDirty(String reason) implements Hint {}

    /// Some or all directories were not watched for a while.
    record Unwatched() implements Hint {}

    /// The folder itself is no longer where it was.
    record RootGone(String reason) implements Hint {}

    /// What happened at the path.
    enum Cause {
        /// Closed by a program that could write to it.
        CLOSED,
        /// Written to, and still open.
        MODIFIED,
        CREATED,
        DELETED,
        ATTRIBUTES,
        MOVED_IN,
        MOVED_OUT
    }
}
