package dev.lockstep.catalog;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Place;
import dev.lockstep.model.Revision;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// Decides changes: what each one does to the tree, and the answer to it. From the tree and the change alone.
final class Rules {
    private static final Outcome DELETED = new Outcome.Overruled("deleted");
    private static final Outcome MOVED = new Outcome.Overruled("moved");
    private static final Outcome EDITED = new Outcome.Overruled("edited");
    private static final Outcome NOT_EMPTY = new Outcome.Overruled("not empty");
    private static final Outcome OTHER_RULES = new Outcome.Overruled("other rules by now");
    private static final Outcome CYCLE = new Outcome.Overruled("would lie within itself");

    private final Tree tree;
    private final Placement placement;
    private final Revision now;

    private Rules(Placement placement) {
        tree = placement.tree();
        now = placement.now();
        this.placement = placement;
    }

    /// Takes one change into the tree.
    ///
    /// @param node who proposed it
    /// @param now  its log index and its position in the proposal
    static Outcome decide(Tree tree, NodeId node, Revision now, Change change) {
        Rules rules = new Rules(new Placement(tree, node, now));
        return switch (change) {
            case Change.Put put -> rules.put(put);
            case Change.Move(List<Change.Relocation> relocations) -> rules.move(relocations);
            case Change.Delete(EntryId entry, Revision base, Place place) ->
                rules.takeAway(entry, base, place, HistoryRecord.What.DELETED);
            case Change.Release release -> rules.release(release);
            case Change.SetAttributes(EntryId entry, OptionalInt mode, OptionalLong mtimeNanos) ->
                rules.setAttributes(entry, mode, mtimeNanos);
        };
    }

    private Outcome put(Change.Put put) {
        Entry entry = put.entry().map(tree::entry).orElse(null);
        boolean isEdit = entry != null && isSameKind(entry.content(), put.content());
        return entry != null && isEdit ? edit(entry, put) : create(put);
    }

    private Outcome edit(Entry entry, Change.Put put) {
        if (entry.content().equals(put.content())) {
            return merge(entry, put.attributes());
        }
        if (!entry.revision().equals(put.base())) {
            return placement.copy(Slot.of(entry), put.content(), put.attributes());
        }
        tree.put(new Entry(
                entry.id(),
                entry.parent(),
                entry.name(),
                put.content(),
                Placement.fitting(put.content(), put.attributes()),
                now,
                now,
                entry.isConflictCopy()));
        return new Outcome.Accepted(entry.id(), now);
    }

    private Outcome create(Change.Put put) {
        Slot slot = placement.reach(put.place());
        Entry resident = tree.child(slot);
        if (resident == null) {
            Entry made = placement.create(slot, put.content(), put.attributes());
            return new Outcome.Accepted(made.id(), now);
        }
        if (resident.content().equals(put.content())) {
            return merge(resident, put.attributes());
        }
        if (put.content().isDirectory()) {
            placement.stepAside(resident);
            Entry made = placement.create(slot, put.content(), put.attributes());
            return new Outcome.Accepted(made.id(), now);
        }
        return placement.copy(slot, put.content(), put.attributes());
    }

    /// Rules that came in between may want the entry: nobody carries a release out, so nobody would take it back.
    private Outcome release(Change.Release release) {
        Entry rules = tree.child(new Slot(EntryId.ROOT, Change.Release.RULES_FILE));
        return rules == null || !rules.content().equals(release.rules())
                ? OTHER_RULES
                : takeAway(release.entry(), release.base(), release.place(), HistoryRecord.What.RELEASED);
    }

    private Outcome takeAway(EntryId id, Revision base, Place place, HistoryRecord.What what) {
        Entry entry = tree.entry(id);
        if (entry == null) {
            return new Outcome.Accepted(id, Revision.NONE);
        }
        if (!placement.find(place).equals(Optional.of(Slot.of(entry)))) {
            return MOVED;
        }
        if (entry.content().isDirectory()) {
            if (tree.hasChildren(entry.id())) {
                return NOT_EMPTY;
            }
        } else if (!entry.revision().equals(base)) {
            return EDITED;
        }
        tree.remove(entry, what);
        return new Outcome.Accepted(entry.id(), Revision.NONE);
    }

    private Outcome setAttributes(EntryId id, OptionalInt mode, OptionalLong mtimeNanos) {
        Entry entry = tree.entry(id);
        if (entry == null) {
            return DELETED;
        }
        Attributes old = entry.attributes();
        return merge(entry, new Attributes(mode.orElse(old.mode()), mtimeNanos.orElse(old.mtimeNanos())));
    }

    /// The content is there already; of attributes the last ones count.
    private Outcome merge(Entry entry, Attributes attributes) {
        Attributes fitting = Placement.fitting(entry.content(), attributes);
        if (!fitting.equals(entry.attributes())) {
            tree.put(new Entry(
                    entry.id(),
                    entry.parent(),
                    entry.name(),
                    entry.content(),
                    fitting,
                    entry.revision(),
                    now,
                    entry.isConflictCopy()));
        }
        return new Outcome.Accepted(entry.id(), entry.revision());
    }

    private Outcome move(List<Change.Relocation> relocations) {
        List<Change.Relocation> alive = relocations.stream()
                .filter(relocation -> tree.entry(relocation.entry()) != null)
                .toList();
        if (alive.isEmpty()) {
            return DELETED;
        }
        boolean isDone = tree.attempt(() -> {
            alive.forEach(relocation -> tree.detach(alive(relocation.entry())));
            alive.forEach(relocation -> attach(alive(relocation.entry()), relocation.to()));
            return alive.stream().noneMatch(relocation -> liesWithinItself(relocation.entry()));
        });
        if (!isDone) {
            return CYCLE;
        }
        Entry first = alive(alive.getFirst().entry());
        return new Outcome.Accepted(first.id(), first.revision());
    }

    private void attach(Entry entry, Place to) {
        Slot slot = placement.reach(to);
        Entry resident = tree.child(slot);
        if (resident == null) {
            settle(entry, slot);
        } else if (entry.content().isDirectory() && !resident.content().isDirectory()) {
            placement.stepAside(resident);
            settle(entry, slot);
        } else {
            placement.putBeside(entry, slot);
        }
    }

    private void settle(Entry entry, Slot slot) {
        if (slot.equals(Slot.of(entry))) {
            tree.put(entry);
            return;
        }
        Name name = slot.name();
        // Another name was chosen for it: it no longer bears the one it got in a conflict.
        placement.put(entry, slot, entry.isConflictCopy() && name.equals(entry.name()));
    }

    /// Follows the directories upwards: they reach the root, or form a ring through something just moved.
    private boolean liesWithinItself(EntryId moved) {
        Set<EntryId> seen = new HashSet<>();
        for (Entry above = tree.entry(moved); above != null; above = tree.entry(above.parent())) {
            if (!seen.add(above.id())) {
                return true;
            }
        }
        return false;
    }

    private Entry alive(EntryId id) {
        Entry entry = tree.entry(id);
        if (entry == null) {
            throw new IllegalStateException("no entry " + id);
        }
        return entry;
    }

    private static boolean isSameKind(Content one, Content other) {
        return one.isDirectory() == other.isDirectory();
    }
}
