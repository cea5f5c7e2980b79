package dev.lockstep.folder;

import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;

/// What stands at one place of the folder, as far as this node knows: the entry and revision that the bytes
/// there are,
/// and
/// the stamp they were seen with.
///
/// @param entry the entry with the place, content, attributes and revision that *this folder* holds, which
///     may lie
/// behind
///     the catalog
/// @param stamp taken when these bytes were known to stand there
/// @param isSettled whether the bytes were read under this stamp, and the clock of the file system had ticked between
///     their last change and the reading: then an unchanged stamp says that the bytes are unchanged. If not, it says so
///     only where that clock is fine, and if no program wrote just before the stamp was taken.
public record Held(Entry entry, Stamp stamp, boolean isSettled) {
    /// Of bytes that may just have been written.
    public Held(Entry entry, Stamp stamp) {
        this(entry, stamp, false);
    }

    public EntryId id() {
        return entry.id();
    }

    public Held at(EntryId parent, Name name) {
        return new Held(entry.at(parent, name), stamp, isSettled);
    }

    public Held withStamp(Stamp newStamp) {
        return new Held(entry, newStamp);
    }
}
