package dev.lockstep.materialize;

import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;

/// Takes files that placing took out of the folder though they hold what a program wrote.
@FunctionalInterface
public interface DisplacedFiles {
    /// The file is from now on the receiver's: it keeps the bytes until the cluster has decided about them.
    ///
    /// @param entry  that was edited
    /// @param base   the revision that the edit was made on
    /// @param path   where the file stood
    /// @param staged where it lies in the state directory; nothing but [StagedName]s lie there
    void propose(EntryId entry, Revision base, RelativePath path, RelativePath staged);
}
