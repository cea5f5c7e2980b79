package dev.lockstep.folder;

/// Why the kernel refused. The numbers are those of Linux on every architecture but a few old ones.
public enum Errno {
    NOT_FOUND("no such entry"),
    EXISTS("an entry of that name exists"),
    NOT_EMPTY("the directory is not empty"),
    /// No room, no inode or no quota; from [Inotify#addWatch] no watch.
    NO_SPACE("no space left"),
    READ_ONLY("the file system is read-only"),
    PERMISSION("not permitted"),
    IS_DIRECTORY("it is a directory"),
    /// Also when the last but one component is a symlink: it is no directory of this folder.
    NOT_DIRECTORY("a parent is not a directory"),
    /// The entry or a parent is a symlink, which is never followed.
    LOOP("a symlink is in the way"),
    /// A FIFO, socket or device, which is never opened.
    NOT_REGULAR("it is not a regular file"),
    OTHER_DEVICE("it is on another file system"),
    NAME_TOO_LONG("the name is too long"),
    TOO_MANY_LINKS("too many links"),
    TOO_MANY_OPEN("too many open files"),
    TOO_LARGE("the file is too large"),
    BUSY("it is busy"),
    /// No such call or flag in this kernel or file system, or a senseless wish (a directory moved into itself).
    UNSUPPORTED("the kernel or the file system cannot do that"),
    TRY_AGAIN("not now"),
    /// The disk or the connection to it failed, or the file is gone from under its handle.
    DEVICE_FAILED("the device failed"),
    NO_MEMORY("the kernel has no memory"),
    OTHER("refused");

    private final String text;

    Errno(String text) {
        this.text = text;
    }

    static Errno of(int number) {
        return switch (number) {
            case 2 -> NOT_FOUND;
            case 17 -> EXISTS;
            case 39 -> NOT_EMPTY;
            case 28, 122 -> NO_SPACE;
            case 30 -> READ_ONLY;
            case 1, 13 -> PERMISSION;
            case 21 -> IS_DIRECTORY;
            case 20 -> NOT_DIRECTORY;
            case 40 -> LOOP;
            case 18 -> OTHER_DEVICE;
            case 36 -> NAME_TOO_LONG;
            case 31 -> TOO_MANY_LINKS;
            case 24, 23 -> TOO_MANY_OPEN;
            case 27 -> TOO_LARGE;
            case 16, 26 -> BUSY;
            case 38, 95, 22 -> UNSUPPORTED;
            case 11 -> TRY_AGAIN;
            case 5, 116, 19, 6, 107, 121 -> DEVICE_FAILED;
            case 12 -> NO_MEMORY;
            default -> OTHER;
        };
    }

    /// A few words for people.
    public String text() {
        return text;
    }
}
