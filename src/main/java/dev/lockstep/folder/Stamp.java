package dev.lockstep.folder;

/// What the file system says of an entry, without following a symlink. Times are nanoseconds since 1970
/// (negative before, cut off at the years 1677 and 2262).
///
/// @param kind       what the entry is
/// @param device     the file system: major number times 2^32 plus minor number
/// @param inode      the file on that file system; used again after the file is gone
/// @param birthNanos when the inode was made; 0 where the file system does not tell
/// @param sizeBytes  length of the content; for a symlink, of its target
/// @param mtimeNanos when the content changed last; programs set it as they like
/// @param ctimeNanos when anything changed last; only the kernel sets it
/// @param mode       permission bits with setuid, setgid and sticky: 0 to 07777
/// @param links      number of names
/// @param owner      user id of the owner
public record Stamp(
        Kind kind,
        long device,
        long inode,
        long birthNanos,
        long sizeBytes,
        long mtimeNanos,
        long ctimeNanos,
        int mode,
        int links,
        int owner) {

    /// Whether both stamps are of one inode that was not made anew in between.
    public boolean isSameInode(Stamp other) {
        return device == other.device && inode == other.inode && birthNanos == other.birthNanos;
    }

    /// Whether nothing at all happened to the entry between the two stamps, as far as the clock of the file
    /// system can tell.
    public boolean isUnchangedSince(Stamp other) {
        return isSameInode(other)
                && kind == other.kind
                && sizeBytes == other.sizeBytes
                && mtimeNanos == other.mtimeNanos
                && ctimeNanos == other.ctimeNanos
                && mode == other.mode;
    }

    /// The same of an entry with other permission bits.
    public Stamp withMode(int newMode) {
        return new Stamp(kind, device, inode, birthNanos, sizeBytes, mtimeNanos, ctimeNanos, newMode, links, owner);
    }

    /// A stamp of the same inode that no file has, so that its bytes are compared.
    public Stamp unlike() {
        return new Stamp(kind, device, inode, birthNanos, sizeBytes + 1, mtimeNanos, ctimeNanos, mode, links, owner);
    }
}
