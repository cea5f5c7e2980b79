package dev.lockstep.catalog;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Place;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.Revision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.random.RandomGenerator;

/// Commands of several nodes that know the tree badly: few names, few contents, ids and bases often wrong, so
/// that
/// everything meets everything. The same generator gives the same commands.
final class RandomProposals {
    private static final String[] NAMES = {"a", "b", "c.txt", "x".repeat(255), "\u00e4".repeat(127)};
    private static final int CONTENTS = 4;

    private final RandomGenerator random;
    private final long incarnation;
    private final Map<NodeId, Long> sequences = new HashMap<>();
    private final List<EntryId> known = new ArrayList<>();
    private long logIndex;

    RandomProposals(RandomGenerator random) {
        this(random, 1);
    }

    RandomProposals(RandomGenerator random, long incarnation) {
        this.random = random;
        this.incarnation = incarnation;
    }

    /// @param seen what the catalog held some time ago
    Proposal next(Catalog.View seen) {
        known.clear();
        seen.forEachEntry(entry -> known.add(entry.id()));
        logIndex = seen.appliedIndex();
        List<Bytes> contents = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            contents.add(Bytes.utf8("content " + random.nextInt(CONTENTS)));
        }
        List<Change> changes = new ArrayList<>();
        for (int i = random.nextInt(1, 6); i > 0; i--) {
            changes.add(change(seen));
        }
        NodeId node = new NodeId("node" + random.nextInt(3));
        // Now and then an old number, or one too far on.
        long sequence = random.nextInt(10) == 0
                ? random.nextLong(1, sequences.getOrDefault(node, 0L) + 3)
                : sequences.merge(node, 1L, Long::sum);
        return new Proposal(
                new OperationId(node, incarnation, sequence),
                changes,
                contents.stream().distinct().toList());
    }

    private Change change(Catalog.View seen) {
        return switch (random.nextInt(10)) {
            case 0, 1 -> put(Optional.empty(), Revision.NONE, seen);
            case 2, 3 -> {
                EntryId id = id();
                yield put(Optional.of(id), base(id, seen), seen);
            }
            case 4, 5 -> move(seen);
            case 6, 7 -> {
                EntryId id = id();
                Place where = random.nextInt(4) == 0 ? place(seen) : placeOf(id, seen);
                yield new Change.Delete(id, base(id, seen), where);
            }
            case 8 -> {
                EntryId id = id();
                yield new Change.Release(id, base(id, seen), placeOf(id, seen), Scene.content("rules"));
            }
            default -> new Change.SetAttributes(id(), mode(), mtime());
        };
    }

    private Change put(Optional<EntryId> entry, Revision base, Catalog.View seen) {
        Attributes attributes = new Attributes(random.nextInt(0777), random.nextInt(3));
        return new Change.Put(place(seen), entry, base, content(), attributes);
    }

    private Content content() {
        return switch (random.nextInt(5)) {
            case 0, 1 -> new Content.Directory();
            case 2 -> new Content.Symlink(Bytes.utf8("target " + random.nextInt(2)));
            default -> {
                Bytes bytes = Bytes.utf8("content " + random.nextInt(CONTENTS));
                yield new Content.File(Digest.of(bytes), bytes.size());
            }
        };
    }

    private Change move(Catalog.View seen) {
        Map<EntryId, Place> places = new HashMap<>();
        for (int i = random.nextInt(1, 4); i > 0; i--) {
            places.put(id(), random.nextBoolean() ? place(seen) : placeOf(id(), seen));
        }
        return new Change.Move(places.entrySet().stream()
                .map(each -> new Change.Relocation(each.getKey(), each.getValue()))
                .toList());
    }

    private EntryId id() {
        return known.isEmpty() || random.nextInt(8) == 0
                ? new EntryId(random.nextLong(known.size() * 2 + 3))
                : known.get(random.nextInt(known.size()));
    }

    private Revision base(EntryId id, Catalog.View seen) {
        var entry = seen.entry(id);
        return entry != null && random.nextInt(4) > 0
                ? entry.revision()
                : new Revision(random.nextLong(logIndex + 1), random.nextInt(3));
    }

    private OptionalInt mode() {
        return random.nextBoolean() ? OptionalInt.of(random.nextInt(0777)) : OptionalInt.empty();
    }

    private OptionalLong mtime() {
        return random.nextBoolean() ? OptionalLong.of(random.nextLong()) : OptionalLong.empty();
    }

    private Name name() {
        return Name.of(NAMES[random.nextInt(NAMES.length)]);
    }

    private Place place(Catalog.View seen) {
        List<Place.Step> steps = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            EntryId id = random.nextBoolean() ? id() : EntryId.ROOT;
            var entry = seen.entry(id);
            steps.add(new Place.Step(id, entry == null ? name() : entry.name()));
        }
        return new Place(steps, name());
    }

    private Place placeOf(EntryId id, Catalog.View seen) {
        var entry = seen.entry(id);
        if (entry == null) {
            return place(seen);
        }
        List<Place.Step> steps = new ArrayList<>();
        for (var above = seen.entry(entry.parent()); above != null; above = seen.entry(above.parent())) {
            steps.addFirst(new Place.Step(above.id(), above.name()));
        }
        return new Place(steps, entry.name());
    }
}
