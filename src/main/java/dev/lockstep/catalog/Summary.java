package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import java.io.IOException;

/// What the catalog knows of itself as a whole.
///
/// @param appliedIndex   last log index that took effect, 0 before the first
/// @param nextId         for the next entry made
/// @param entries        how many there are
/// @param conflictCopies how many of them are conflict copies
/// @param digest         of all entries
/// @param history        how many superseded records of history there are
record Summary(long appliedIndex, EntryId nextId, long entries, long conflictCopies, Digest digest, long history) {
    static final Summary BLANK = new Summary(0, new EntryId(1), 0, 0, TreeDigest.empty(), 0);

    Summary at(long logIndex) {
        return new Summary(logIndex, nextId, entries, conflictCopies, digest, history);
    }

    static Summary of(OrderedStore.Records records) {
        Bytes stored = records.get(Keys.SUMMARY);
        return stored == null ? BLANK : decode(stored);
    }

    /// @throws IllegalStateException if the bytes are not what [#encode] wrote: the store is damaged
    static Summary decode(Bytes stored) {
        return RecordCodec.stored("summary", stored, Summary::read);
    }

    Bytes encode() {
        return WireWriter.message(out -> {
            out.number(1, appliedIndex);
            out.number(2, nextId.value());
            out.number(3, entries);
            out.number(4, conflictCopies);
            out.bytes(5, digest.bytes());
            out.number(6, history);
        });
    }

    private static Summary read(WireReader in) throws IOException {
        long appliedIndex = 0;
        long nextId = 0;
        long entries = 0;
        long conflictCopies = 0;
        Digest digest = BLANK.digest;
        long history = 0;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> appliedIndex = in.number();
                case 2 -> nextId = in.number();
                case 3 -> entries = in.number();
                case 4 -> conflictCopies = in.number();
                case 5 -> digest = new Digest(in.bytes());
                case 6 -> history = in.number();
                default -> in.skip();
            }
        }
        return new Summary(appliedIndex, new EntryId(nextId), entries, conflictCopies, digest, history);
    }
}
