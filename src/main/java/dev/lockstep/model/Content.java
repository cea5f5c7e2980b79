package dev.lockstep.model;

/// What an entry is, and what it holds.
public sealed interface Content {
    /// A regular file.
    ///
    /// @param digest    of all its bytes
    /// @param sizeBytes length, `>= 0`
    record File(Digest digest, long sizeBytes) implements Content {
        public File {
            if (sizeBytes < 0) {
                throw new IllegalArgumentException("negative size: " + sizeBytes);
            }
        }
    }

    /// A directory; what is in it are entries of their own.
    record Directory() implements Content {}

    /// A symbolic link, replicated as a link and never followed.
    ///
    /// @param target as it is stored in the link, 1 to 4095 bytes
    record Symlink(Bytes target) implements Content {}

    default boolean isDirectory() {
        return this instanceof Directory;
    }
}
