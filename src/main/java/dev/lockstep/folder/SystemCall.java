package dev.lockstep.folder;

/// The kernel calls in use, with their numbers on x86-64 and on aarch64 (the generic table).
enum SystemCall {
    CLOSE(3, 57),
    COPY_FILE_RANGE(326, 285),
    EVENTFD2(290, 19),
    FADVISE64(221, 223),
    FCHMOD(91, 52),
    FCHMODAT(268, 53),
    FCHMODAT2(452, 452),
    FCNTL(72, 25),
    FDATASYNC(75, 83),
    FSTATFS(138, 44),
    FSYNC(74, 82),
    FTRUNCATE(77, 46),
    GETDENTS64(217, 61),
    INOTIFY_ADD_WATCH(254, 27),
    INOTIFY_INIT1(294, 26),
    INOTIFY_RM_WATCH(255, 28),
    LINKAT(265, 37),
    LSEEK(8, 62),
    MKDIRAT(258, 34),
    OPENAT(257, 56),
    OPENAT2(437, 437),
    PPOLL(271, 73),
    PREAD64(17, 67),
    PWRITE64(18, 68),
    READ(0, 63),
    READLINKAT(267, 78),
    RENAMEAT2(316, 276),
    STATX(332, 291),
    SYMLINKAT(266, 36),
    SYNC_FILE_RANGE(277, 84),
    SYNCFS(306, 267),
    UNLINKAT(263, 35),
    UTIMENSAT(280, 88),
    WRITE(1, 64);

    private final long number;

    SystemCall(int x86, int aarch64) {
        this.number = Machine.IS_AARCH64 ? aarch64 : x86;
    }

    long number() {
        return number;
    }
}
