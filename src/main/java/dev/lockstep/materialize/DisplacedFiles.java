package dev.lockstep.materialize;

import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;

/// Takes the files that placing took out of the folder. Programs may still have them open.
public interface DisplacedFiles {
    /// The file holds what a program wrote. It is from now on the receiver's: it keeps the bytes until the cluster
    /// has decided about them.
    ///
    /// @param entry  that was edited
    /// @param base   the revision that the edit was made on
    /// @param path   where the file stood
    /// @param staged where it lies in the state directory; nothing but [StagedName]s lie there
    void propose(EntryId entry, Revision base, RelativePath path, RelativePath staged);

    /// The file holds a committed revision, as far as its stamp tells. It is from now on the receiver's: it keeps the
    /// content as history, and proposes what a program still writes to the file.
    void keep(DisplacedFile file);
}
