package dev.lockstep.model;

/// One path's record in the catalog. The root has none.
///
/// @param id             its identity through every rename
/// @param parent         the directory it lies in
/// @param name           its name there
/// @param content        what it holds
/// @param attributes     mode and mtime
/// @param revision       the commit that last changed its content, or created it: the base of the next edit
/// @param changed        the commit that last changed anything of it: content, attributes or place
/// @param isConflictCopy whether it came into being, or got its name, by losing a conflict
public record Entry(
        EntryId id,
        EntryId parent,
        Name name,
        Content content,
        Attributes attributes,
        Revision revision,
        Revision changed,
        boolean isConflictCopy) {
    /// The same entry at another place.
    public Entry at(EntryId otherParent, Name otherName) {
        return new Entry(id, otherParent, otherName, content, attributes, revision, changed, isConflictCopy);
    }

    public Entry withAttributes(Attributes other) {
        return new Entry(id, parent, name, content, other, revision, changed, isConflictCopy);
    }
}
