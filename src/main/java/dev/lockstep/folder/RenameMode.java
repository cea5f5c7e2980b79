package dev.lockstep.folder;

/// What a rename does with an entry that already has the target name. Each is one atomic step.
public enum RenameMode {
    /// As rename(2): the target is replaced; a directory only if it is empty.
    REPLACE(0),
    /// Refused with [Errno#EXISTS].
    NO_REPLACE(1),
    /// Both entries exist and change places, whatever their kinds.
    EXCHANGE(2);

    private final int flags;

    RenameMode(int flags) {
        this.flags = flags;
    }

    int flags() {
        return flags;
    }
}
