package dev.lockstep.folder;

import java.io.IOException;

/// The disk or the kernel refused an operation.
public final class FolderException extends IOException {
    private final Errno errno;
    private final int number;

    private FolderException(Errno errno, int number, String message) {
        super(message);
        this.errno = errno;
        this.number = number;
    }

    /// @param number `errno` of the failed call, `> 0`
    static FolderException of(int number, String operation, Object path) {
        Errno errno = Errno.of(number);
        String message = operation + " " + path + ": " + errno.text() + " (errno " + number + ")";
        return new FolderException(errno, number, message);
    }

    /// A refusal of our own, or of a disk that is not real.
    public static FolderException of(Errno errno, String operation, Object path) {
        return new FolderException(errno, 0, operation + " " + path + ": " + errno.text());
    }

    public Errno errno() {
        return errno;
    }

    /// The number the kernel gave; 0 if the refusal was not the kernel's.
    public int number() {
        return number;
    }
}
