package dev.lockstep.folder;

import org.jspecify.annotations.Nullable;

/// What an entry on disk is. A symlink is itself, never its target.
public enum Kind {
    FILE,
    DIRECTORY,
    SYMLINK,
    /// A FIFO, socket or device: never opened.
    SPECIAL;

    private static final int TYPE_MASK = 0170000;
    private static final int TYPE_DIRECTORY = 0040000;
    private static final int TYPE_FILE = 0100000;
    private static final int TYPE_SYMLINK = 0120000;

    static Kind ofMode(int mode) {
        return switch (mode & TYPE_MASK) {
            case TYPE_FILE -> FILE;
            case TYPE_DIRECTORY -> DIRECTORY;
            case TYPE_SYMLINK -> SYMLINK;
            default -> SPECIAL;
        };
    }

    /// @param type `d_type` of a directory record, which is the type part of the mode; 0 where unknown
    static @Nullable Kind ofDirectoryType(int type) {
        return type == 0 ? null : ofMode(type << 12);
    }
}
