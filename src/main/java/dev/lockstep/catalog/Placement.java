package dev.lockstep.catalog;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Place;
import dev.lockstep.model.Revision;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Finds places in the tree, and names for what meets something there.
///
/// @param tree to look into and to change
/// @param node whose proposal is decided
/// @param now  the revision that its change makes
record Placement(Tree tree, NodeId node, Revision now) {
    private static final Attributes NEW_DIRECTORY = new Attributes(0755, 0);
    private static final int SYMLINK_MODE = 0777;

    /// The slot of a place, wherever its directories were moved; those that are missing are made, and a leaf
    /// in the way
    /// of one steps aside.
    Slot reach(Place place) {
        List<Place.Step> steps = place.ancestors();
        int known = lastKnown(steps);
        EntryId directory = known < 0 ? EntryId.ROOT : steps.get(known).id();
        for (Place.Step step : steps.subList(known + 1, steps.size())) {
            directory = enter(new Slot(directory, step.name()));
        }
        return new Slot(directory, place.name());
    }

    /// The slot of a place, if all its directories are there.
    Optional<Slot> find(Place place) {
        List<Place.Step> steps = place.ancestors();
        int known = lastKnown(steps);
        EntryId directory = known < 0 ? EntryId.ROOT : steps.get(known).id();
        for (Place.Step step : steps.subList(known + 1, steps.size())) {
            Entry next = tree.child(new Slot(directory, step.name()));
            if (next == null || !next.content().isDirectory()) {
                return Optional.empty();
            }
            directory = next.id();
        }
        return Optional.of(new Slot(directory, place.name()));
    }

    private int lastKnown(List<Place.Step> steps) {
        for (int i = steps.size() - 1; i >= 0; i--) {
            Entry entry = steps.get(i).isKnown() ? tree.entry(steps.get(i).id()) : null;
            if (entry != null && entry.content().isDirectory()) {
                return i;
            }
        }
        return -1;
    }

    private EntryId enter(Slot slot) {
        Entry resident = tree.child(slot);
        if (resident != null && resident.content().isDirectory()) {
            return resident.id();
        }
        if (resident != null) {
            stepAside(resident);
        }
        return create(slot, new Content.Directory(), NEW_DIRECTORY).id();
    }

    Entry create(Slot slot, Content content, Attributes attributes) {
        return create(slot, content, attributes, false);
    }

    private Entry create(Slot slot, Content content, Attributes attributes, boolean isConflictCopy) {
        Attributes fitting = fitting(content, attributes);
        Entry made = new Entry(tree.newId(), slot.parent(), slot.name(), content, fitting, now, now, isConflictCopy);
        tree.put(made);
        return made;
    }

    /// Keeps a leaf that lost its slot, as a conflict copy beside it.
    Outcome copy(Slot slot, Content content, Attributes attributes) {
        ConflictName names = new ConflictName(slot.name(), node, fingerprint(content));
        for (long attempt = 1; ; attempt++) {
            Slot beside = new Slot(slot.parent(), names.name(attempt));
            Entry resident = tree.child(beside);
            if (resident == null) {
                return new Outcome.Copied(
                        create(beside, content, attributes, true).id(), now);
            }
            if (resident.content().equals(content)) {
                return new Outcome.Copied(resident.id(), resident.revision());
            }
        }
    }

    /// Gives an entry a conflict name in its directory.
    void stepAside(Entry resident) {
        putBeside(resident, Slot.of(resident));
    }

    /// Puts an entry under a conflict name beside the slot.
    void putBeside(Entry entry, Slot slot) {
        put(entry, freeBeside(slot, entry), true);
    }

    /// Puts an entry into a slot that is free.
    void put(Entry entry, Slot slot, boolean isConflictCopy) {
        tree.put(new Entry(
                entry.id(),
                slot.parent(),
                slot.name(),
                entry.content(),
                entry.attributes(),
                entry.revision(),
                now,
                isConflictCopy));
    }

    private Slot freeBeside(Slot slot, Entry entry) {
        Digest fingerprint =
                entry.content().isDirectory() ? Digest.of(Keys.value(entry.id())) : fingerprint(entry.content());
        ConflictName names = new ConflictName(slot.name(), node, fingerprint);
        for (long attempt = 1; ; attempt++) {
            Slot beside = new Slot(slot.parent(), names.name(attempt));
            @Nullable Entry resident = tree.child(beside);
            if (resident == null) {
                return beside;
            }
        }
    }

    private static Digest fingerprint(Content content) {
        return switch (content) {
            case Content.File(Digest digest, long _) -> digest;
            case Content.Symlink(Bytes target) -> Digest.of(target);
            case Content.Directory() -> Digest.of(Bytes.EMPTY);
        };
    }

    /// The attributes as far as they are replicated for such a content.
    static Attributes fitting(Content content, Attributes attributes) {
        return switch (content) {
            case Content.File _ -> attributes;
            case Content.Directory() -> new Attributes(attributes.mode(), 0);
            case Content.Symlink _ -> new Attributes(SYMLINK_MODE, attributes.mtimeNanos());
        };
    }
}
