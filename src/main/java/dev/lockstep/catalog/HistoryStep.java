package dev.lockstep.catalog;

import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Something that one change did to one file or symlink.
///
/// @param before the entry as it was, null if it was not
/// @param path   where it was, for moves and deletions
record HistoryStep(
        EntryId entry,
        HistoryRecord.What what,
        Revision now,
        HistoryRecord.Signature by,
        @Nullable Entry before,
        Optional<RelativePath> path) {
    /// @param after null for the end of an entry
    /// @param end   what that would be
    /// @return empty if nothing happened that history tells: directories, attributes alone
    static Optional<HistoryRecord.What> what(@Nullable Entry before, @Nullable Entry after, HistoryRecord.What end) {
        Entry any = after == null ? before : after;
        if (any == null || any.content().isDirectory()) {
            return Optional.empty();
        }
        if (after == null) {
            return Optional.of(end);
        }
        boolean wasConflictCopy = before != null && before.isConflictCopy();
        if (after.isConflictCopy() && !wasConflictCopy) {
            return Optional.of(HistoryRecord.What.CONFLICT_COPY);
        }
        if (before == null) {
            return Optional.of(HistoryRecord.What.CREATED);
        }
        if (!before.content().equals(after.content())) {
            return Optional.of(HistoryRecord.What.EDITED);
        }
        return Slot.of(before).equals(Slot.of(after)) ? Optional.empty() : Optional.of(HistoryRecord.What.MOVED);
    }
}
