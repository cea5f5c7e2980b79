package dev.lockstep.folder;

/// Flags of openat(2). Two of them differ between the architectures.
final class OpenFlags {
    static final int READ_WRITE = 2;
    static final int CREATE = 0100;
    static final int EXCLUSIVE = 0200;
    static final int NONBLOCK = 04000;
    static final int NO_ACCESS_TIME = 01000000;
    static final int CLOSE_ON_EXEC = 02000000;
    static final int PATH_ONLY = 010000000;
    static final int DIRECTORY = Machine.IS_AARCH64 ? 040000 : 0200000;
    static final int NO_FOLLOW = Machine.IS_AARCH64 ? 0100000 : 0400000;

    /// A place to start the next step from, without any right to read it.
    static final int PLACE = PATH_ONLY | NO_FOLLOW | CLOSE_ON_EXEC;

    static final int PLACE_DIRECTORY = PLACE | DIRECTORY;
    static final int READ_DIRECTORY = DIRECTORY | NO_FOLLOW | NONBLOCK | CLOSE_ON_EXEC;

    private OpenFlags() {}
}
