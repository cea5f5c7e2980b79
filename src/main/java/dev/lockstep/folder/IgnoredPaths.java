package dev.lockstep.folder;

import dev.lockstep.model.RelativePath;

/// Says of paths whether they are ignored: never proposed, never placed, never touched. Any thread.
public interface IgnoredPaths {
    /// Whether any path at all may be ignored.
    boolean isAny();

    /// @param isDirectory what stands there, or is to stand there; a symlink is no directory
    boolean isIgnored(RelativePath path, boolean isDirectory);
}
