package dev.lockstep.model;

/// The identity of an entry: given by the catalog at creation, kept through every rename, never used again.
///
/// @param value 0 for the folder's root, else 1 and up
public record EntryId(long value) implements Comparable<EntryId> {
    public static final EntryId ROOT = new EntryId(0);

    public EntryId {
        if (value < 0) {
            throw new IllegalArgumentException("negative entry id: " + value);
        }
    }

    @Override
    public int compareTo(EntryId other) {
        return Long.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Long.toString(value);
    }
}
