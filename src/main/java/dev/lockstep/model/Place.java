package dev.lockstep.model;

import java.util.ArrayList;
import java.util.List;

/// Where an entry lies or shall lie, told so that it can be found again after its directories were moved, and
/// made
/// again
/// after they were deleted.
///
/// @param ancestors the directories from the root (which is left out) down to the parent
/// @param name      the entry's own name
public record Place(List<Step> ancestors, Name name) {
    public Place {
        ancestors = List.copyOf(ancestors);
    }

    /// One directory on the way.
    ///
    /// @param id   its entry; [EntryId#ROOT] when it has none yet, because its own creation is still on the way
    /// @param name the name under which it was seen
    public record Step(EntryId id, Name name) {
        public boolean isKnown() {
            return !id.equals(EntryId.ROOT);
        }
    }

    /// The path as it was seen.
    public RelativePath path() {
        List<Name> names = new ArrayList<>(ancestors.size() + 1);
        for (Step step : ancestors) {
            names.add(step.name());
        }
        names.add(name);
        return new RelativePath(names);
    }
}
