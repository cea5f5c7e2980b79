package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Place;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.propose.Proposer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Entries that the catalog still has though the rules ignore them: they are proposed to be released, and every
/// node leaves what stands there to its user. Owned by the control loop.
final class Releases {
    private final Catalog catalog;
    private final Proposer proposer;
    private final RulesInForce ignored;
    private final Placements placements;
    private final LongSupplier nextSequence;
    private final Set<EntryId> waiting = new LinkedHashSet<>();

    Releases(
            Catalog catalog,
            Proposer proposer,
            RulesInForce ignored,
            Placements placements,
            LongSupplier nextSequence) {
        this.catalog = catalog;
        this.proposer = proposer;
        this.ignored = ignored;
        this.placements = placements;
        this.nextSequence = nextSequence;
    }

    void add(EntryId id) {
        waiting.add(id);
    }

    int size() {
        return waiting.size();
    }

    /// Proposes what can be proposed now.
    void step() {
        Iterator<EntryId> each = waiting.iterator();
        while (each.hasNext() && proposer.pendingCount() < LocalChanges.PENDING_MAX) {
            if (release(each.next())) {
                each.remove();
            }
        }
    }

    /// @return whether nothing more is to be done
    private boolean release(EntryId id) {
        Entry entry = catalog.read(view -> view.entry(id));
        if (entry == null) {
            placements.enqueue(id);
            return true;
        }
        List<Entry> way = way(entry);
        if (way == null) {
            return true;
        }
        RelativePath path = pathOf(way);
        Content.File rules = ignored.committedFile();
        if (rules == null || !ignored.isIgnoredEverywhere(path, entry.content().isDirectory())) {
            return true;
        }
        if (proposer.isBusy(path) || proposer.isAnyBusyAtOrBelow(path)) {
            return false;
        }
        List<PendingChange> releases = new ArrayList<>();
        boolean isWhole = collect(new ArrayDeque<>(way), rules, releases);
        releases.forEach(proposer::add);
        return isWhole;
    }

    /// The entry and its directories, outermost first; null if it just vanished.
    private @Nullable List<Entry> way(Entry entry) {
        return catalog.read(view -> {
            List<Entry> way = new ArrayList<>();
            Set<EntryId> seen = new HashSet<>();
            Entry at = entry;
            while (at != null && seen.add(at.id())) {
                way.addFirst(at);
                if (at.parent().equals(EntryId.ROOT)) {
                    return way;
                }
                at = view.entry(at.parent());
            }
            return null;
        });
    }

    private static RelativePath pathOf(List<Entry> way) {
        List<Name> names = way.stream().map(Entry::name).toList();
        return new RelativePath(names);
    }

    /// The entry at the end of the way and all below it, the deepest first.
    ///
    /// @return false if there are more than can be under way at once
    private boolean collect(Deque<Entry> way, Content.File rules, List<PendingChange> releases) {
        Entry entry = way.getLast();
        if (entry.content().isDirectory()) {
            List<Entry> children = new ArrayList<>();
            catalog.read(view -> {
                view.forEachChild(entry.id(), children::add);
                return true;
            });
            for (Entry child : children) {
                way.addLast(child);
                boolean isWhole = collect(way, rules, releases);
                way.removeLast();
                if (!isWhole) {
                    return false;
                }
            }
        }
        if (proposer.pendingCount() + releases.size() >= LocalChanges.PENDING_MAX) {
            return false;
        }
        List<Place.Step> steps =
                way.stream().map(one -> new Place.Step(one.id(), one.name())).toList();
        Place place = new Place(steps.subList(0, steps.size() - 1), entry.name());
        Change release = new Change.Release(entry.id(), entry.revision(), place, rules);
        releases.add(new PendingChange(
                List.of(place.path()), release, Optional.empty(), Optional.empty(), nextSequence.getAsLong()));
        return true;
    }
}
