package dev.lockstep.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// A difference found by a scan: local, and what a proposal carries.
public sealed interface Change {
    /// New content: an edit of a known entry, or the creation of one.
    ///
    /// @param place      where the content was seen
    /// @param entry      the entry that was edited; empty for a creation
    /// @param base       the revision this folder held; [Revision#NONE] for a creation
    /// @param content    what stands there now
    /// @param attributes mode and mtime there now
    record Put(Place place, Optional<EntryId> entry, Revision base, Content content, Attributes attributes)
            implements Change {}

    /// Entries that got new places, all at once: one for a rename, several for swaps and rings of renames.
    ///
    /// @param relocations one or more, each entry at most once
    record Move(List<Relocation> relocations) implements Change {
        public Move {
            relocations = List.copyOf(relocations);
            if (relocations.isEmpty()) {
                throw new IllegalArgumentException("a move of nothing");
            }
        }
    }

    /// One entry's new place.
    record Relocation(EntryId entry, Place to) {}

    /// An entry is gone from the folder.
    ///
    /// @param place where it was: an entry that has been moved elsewhere meanwhile is not deleted
    record Delete(EntryId entry, Revision base, Place place) implements Change {}

    /// An entry that the ignore rules name leaves the catalog, and every folder keeps what it has of it.
    ///
    /// @param place where it was
    /// @param rules what the file with the rules held when this was decided: under others it is not done
    record Release(EntryId entry, Revision base, Place place, Content.File rules) implements Change {
        /// The file with the rules, at the root of the folder.
        public static final Name RULES_FILE = Name.of(".lockstepignore");
    }

    /// Mode or mtime changed, the content did not.
    record SetAttributes(EntryId entry, OptionalInt mode, OptionalLong mtimeNanos) implements Change {}
}
