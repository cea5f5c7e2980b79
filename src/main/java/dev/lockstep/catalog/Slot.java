package dev.lockstep.catalog;

import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;

/// A name in a directory, taken or free.
record Slot(EntryId parent, Name name) implements Comparable<Slot> {
    static Slot of(Entry entry) {
        return new Slot(entry.parent(), entry.name());
    }

    @Override
    public int compareTo(Slot other) {
        int order = parent.compareTo(other.parent);
        return order != 0 ? order : name.compareTo(other.name);
    }
}
