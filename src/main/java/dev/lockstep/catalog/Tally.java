package dev.lockstep.catalog;

import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;

/// Keeps count and digest of the entries while some come and go.
final class Tally {
    private final TreeDigest digest;
    private long entries;
    private long conflictCopies;

    Tally(Summary before) {
        digest = new TreeDigest(before.digest());
        entries = before.entries();
        conflictCopies = before.conflictCopies();
    }

    void enters(Entry entry) {
        digest.add(entry);
        entries++;
        conflictCopies += entry.isConflictCopy() ? 1 : 0;
    }

    void leaves(Entry entry) {
        digest.remove(entry);
        entries--;
        conflictCopies -= entry.isConflictCopy() ? 1 : 0;
    }

    /// @param history superseded records of history
    Summary summary(long appliedIndex, EntryId nextId, long history) {
        return new Summary(appliedIndex, nextId, entries, conflictCopies, digest.toDigest(), history);
    }
}
