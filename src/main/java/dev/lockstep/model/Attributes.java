package dev.lockstep.model;

/// The replicated metadata of an entry beside its content.
///
/// @param mode       permission bits, 0 to 0777: set-user-id, set-group-id and sticky are never replicated;
///     0777 for symlinks
/// @param mtimeNanos modification time, nanoseconds since 1970, may be negative; 0 for directories, whose
///     time is not
///     replicated
public record Attributes(int mode, long mtimeNanos) {
    public static final int MODE_MASK = 0777;

    public Attributes {
        if ((mode & ~MODE_MASK) != 0) {
            throw new IllegalArgumentException("not permission bits: " + Integer.toOctalString(mode));
        }
    }
}
