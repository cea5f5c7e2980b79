package dev.lockstep.scan;

import dev.lockstep.folder.Held;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.EntryId;
import java.util.Optional;

/// What the comparison of one path with the folder index says.
public sealed interface Finding {
    /// The disk is as the index says.
    record Unchanged() implements Finding {}

    /// The same content and attributes under a new stamp: the index is to be corrected, nothing is to be
    /// proposed.
    record Restamped(Held held) implements Finding {}

    /// A change to propose.
    ///
    /// @param stamp   of what was read; what is proposed is what stood there under this stamp
    /// @param content the bytes themselves, if they are few
    record Changed(Change change, Stamp stamp, Optional<Bytes> content) implements Finding {}

    /// An entry of the index stands elsewhere now: its inode was found here.
    ///
    /// @param held  as the index knows it
    /// @param stamp of what stands here
    record MovedHere(Held held, Stamp stamp) implements Finding {}

    /// The index has an entry here, the disk has none.
    record Gone(Held held) implements Finding {}

    /// The index has an entry of another sort here: that one goes first, then the path is looked at again.
    ///
    /// @param stamp of what stands here now
    record Replaced(Held held, Stamp stamp) implements Finding {}

    /// Too large to be read here and now: [FolderScanner#readLarge] does it on another thread.
    record Large(Stamp stamp) implements Finding {}

    /// It changed while it was read, or is still being written.
    record Unsettled() implements Finding {}

    /// Never replicated: a FIFO, socket or device, or a name that cannot be.
    record Unsupported(String reason) implements Finding {}

    /// It cannot be read now.
    record Unreadable(String reason) implements Finding {}

    /// The entry that an edit would be of, empty for a creation.
    static Optional<EntryId> entryOf(Change change) {
        return switch (change) {
            case Change.Put put -> put.entry();
            case Change.Delete delete -> Optional.of(delete.entry());
            case Change.Release release -> Optional.of(release.entry());
            case Change.SetAttributes set -> Optional.of(set.entry());
            case Change.Move move -> Optional.of(move.relocations().getFirst().entry());
        };
    }
}
