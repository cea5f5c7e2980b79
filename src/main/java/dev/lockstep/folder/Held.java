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
public record Held(Entry entry, Stamp stamp) {
    public EntryId id() {
        return entry.id();
    }

    public Held at(EntryId parent, Name name) {
        return new Held(entry.at(parent, name), stamp);
    }

    public Held withStamp(Stamp newStamp) {
        return new Held(entry, newStamp);
    }
}
