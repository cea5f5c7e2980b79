package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import org.jspecify.annotations.Nullable;

/// One record of a directory.
///
/// @param rawName the name as stored; a few foreign file systems hold names longer than a [Name] may be
/// @param kind    what the directory says the entry is, a hint; `null` where the file system does not tell
public record DirectoryItem(Bytes rawName, @Nullable Kind kind) {
    public boolean isNameable() {
        return Name.isValid(rawName);
    }

    /// @throws IllegalArgumentException unless [#isNameable()]
    public Name name() {
        return new Name(rawName);
    }
}
