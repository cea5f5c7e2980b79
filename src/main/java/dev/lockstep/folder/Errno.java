package dev.lockstep.folder;

import java.util.List;

/// Why the kernel refused. The numbers are those of Linux on every architecture but a few old ones.
@SuppressWarnings("ImmutableEnumChecker") // an unmodifiable list
public enum Errno {
    NOT_FOUND("no such entry", 2),
    EXISTS("an entry of that name exists", 17),
    NOT_EMPTY("the directory is not empty", 39),
    /// No room, no inode or no quota; from [Inotify#addWatch] no watch.
    NO_SPACE("no space left", 28, 122),
    READ_ONLY("the file system is read-only", 30),
    PERMISSION("not permitted", 1, 13),
    IS_DIRECTORY("it is a directory", 21),
    /// Also when the last but one component is a symlink: it is no directory of this folder.
    NOT_DIRECTORY("a parent is not a directory", 20),
    /// The entry or a parent is a symlink, which is never followed.
    LOOP("a symlink is in the way", 40),
    /// A FIFO, socket or device, which is never opened.
    NOT_REGULAR("it is not a regular file", -1),
    OTHER_DEVICE("it is on another file system", 18),
    NAME_TOO_LONG("the name is too long", 36),
    TOO_MANY_LINKS("too many links", 31),
    TOO_MANY_OPEN("too many open files", 24, 23),
    TOO_LARGE("the file is too large", 27),
    BUSY("it is busy", 16, 26),
    /// No such call or flag in this kernel or file system, or a senseless wish (a directory moved into itself).
    UNSUPPORTED("the kernel or the file system cannot do that", 38, 95, 22),
    TRY_AGAIN("not now", 11),
    /// The disk or the connection to it failed, or the file is gone from under its handle.
    DEVICE_FAILED("the device failed", 5, 116, 19, 6, 107, 121),
    NO_MEMORY("the kernel has no memory", 12),
    OTHER("refused");

    private final String text;
    private final List<Integer> numbers;

    Errno(String text, Integer... numbers) {
        this.text = text;
        this.numbers = List.of(numbers);
    }

    static Errno of(int number) {
        for (Errno errno : values()) {
            if (errno.numbers.contains(number)) {
                return errno;
            }
        }
        return OTHER;
    }

    /// A few words for people.
    public String text() {
        return text;
    }
}
