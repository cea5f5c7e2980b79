package dev.lockstep.catalog;

import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The tree of entries as the rules see and change it. The root is a directory without an entry.
interface Tree {
    @Nullable
    Entry entry(EntryId id);

    @Nullable
    Entry child(Slot slot);

    boolean hasChildren(EntryId directory);

    /// An id that no entry ever had.
    EntryId newId();

    /// Makes or changes the entry and gives it its name; the name must be free or its own. An entry found
    /// under another
    /// name before leaves that.
    void put(Entry entry);

    /// Takes the entry's name away, until [#put] gives it the same or another one.
    void detach(Entry entry);

    /// @param what [HistoryRecord.What#DELETED] or [HistoryRecord.What#RELEASED]
    void remove(Entry entry, HistoryRecord.What what);

    /// Runs `attempt`; if it says no, everything it changed is as before.
    boolean attempt(BooleanSupplier attempt);
}
