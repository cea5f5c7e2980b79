package dev.lockstep.node;

import dev.lockstep.model.Revision;
import java.util.Optional;

/// What came of bringing an old revision back.
public sealed interface Restoring {
    /// @param revision that the path has now
    /// @param from     the one that was brought back
    record Restored(Revision revision, Revision from) implements Restoring {}

    /// The path has another revision than was expected; nothing was done.
    ///
    /// @param current empty if nothing is there
    record Stale(Optional<Revision> current) implements Restoring {}

    /// Somebody changed the path at the same moment: theirs keeps the name, the old revision became a conflict
    /// copy.
    ///
    /// @param path of the copy, for people
    record Copied(String path) implements Restoring {}

    record Missing(String reason) implements Restoring {}

    /// No node that could be asked keeps the bytes.
    record Gone(String reason) implements Restoring {}

    /// Something stands in the way; nothing was done.
    record Refused(String reason) implements Restoring {}

    /// No quorum in time.
    ///
    /// @param mayHappen whether it was offered and may still take effect
    record NotInTime(boolean mayHappen) implements Restoring {}
}
