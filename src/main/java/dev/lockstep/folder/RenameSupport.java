package dev.lockstep.folder;

/// Whether entries can be moved from one directory into a folder in every [RenameMode].
public enum RenameSupport {
    FULL,
    /// They lie on different mounts, so no rename is possible.
    OTHER_DEVICE,
    /// The file system or the kernel lacks a mode.
    MODES_MISSING
}
