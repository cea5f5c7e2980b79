package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// The tree as it will be after the commit being applied: what is stored, and over it what has changed so far.
/// For the applying thread alone.
final class Draft implements Tree {
    private static final Name FIRST_NAME = new Name(Bytes.wrap(new byte[] {1}));

    private final OrderedStore.Records stored;
    private final Summary before;
    private NavigableMap<EntryId, Optional<Entry>> entries = new TreeMap<>();
    private NavigableMap<Slot, Optional<EntryId>> links = new TreeMap<>();
    private List<Applied.Superseded> superseded = new ArrayList<>();
    private List<HistoryStep> steps = new ArrayList<>();
    private Revision now = Revision.NONE;
    private HistoryRecord.@Nullable Signature by;
    private EntryId nextId;

    Draft(OrderedStore.Records stored, Summary before) {
        this.stored = stored;
        this.before = before;
        nextId = before.nextId();
    }

    /// Says what the changes of the tree from here on belong to.
    void begin(Revision revision, HistoryRecord.Signature signature) {
        now = revision;
        by = signature;
    }

    @Override
    public @Nullable Entry entry(EntryId id) {
        Optional<Entry> changed = entries.get(id);
        return changed != null ? changed.orElse(null) : storedEntry(id);
    }

    @Override
    public @Nullable Entry child(Slot slot) {
        Optional<EntryId> changed = links.get(slot);
        if (changed != null) {
            return changed.map(this::entry).orElse(null);
        }
        Bytes id = stored.get(Keys.child(slot));
        return id == null ? null : entry(Keys.id(id));
    }

    @Override
    public boolean hasChildren(EntryId directory) {
        Slot first = new Slot(directory, FIRST_NAME);
        Slot end = new Slot(new EntryId(directory.value() + 1), FIRST_NAME);
        if (links.subMap(first, end).values().stream().anyMatch(Optional::isPresent)) {
            return true;
        }
        boolean[] found = {false};
        stored.scan(Keys.firstChild(directory), Keys.afterChildren(directory), (key, _) -> {
            found[0] = !links.containsKey(Keys.slot(key));
            return !found[0];
        });
        return found[0];
    }

    @Override
    public EntryId newId() {
        EntryId id = nextId;
        nextId = new EntryId(id.value() + 1);
        return id;
    }

    @Override
    public void put(Entry entry) {
        Entry old = entry(entry.id());
        if (old != null) {
            detach(old);
            noteSuperseded(old, entry);
        }
        noteStep(old, entry, HistoryRecord.What.DELETED);
        entries.put(entry.id(), Optional.of(entry));
        links.put(Slot.of(entry), Optional.of(entry.id()));
    }

    @Override
    public void detach(Entry entry) {
        Slot slot = Slot.of(entry);
        Entry resident = child(slot);
        // Detached before, and the name given to another one meanwhile: that one keeps it.
        if (resident != null && resident.id().equals(entry.id())) {
            links.put(slot, Optional.empty());
        }
    }

    @Override
    public void remove(Entry entry, HistoryRecord.What what) {
        detach(entry);
        noteSuperseded(entry, null);
        noteStep(entry, null, what);
        entries.put(entry.id(), Optional.empty());
    }

    @Override
    public boolean attempt(BooleanSupplier attempt) {
        NavigableMap<EntryId, Optional<Entry>> entriesBefore = new TreeMap<>(entries);
        NavigableMap<Slot, Optional<EntryId>> linksBefore = new TreeMap<>(links);
        List<Applied.Superseded> supersededBefore = new ArrayList<>(superseded);
        List<HistoryStep> stepsBefore = new ArrayList<>(steps);
        EntryId nextIdBefore = nextId;
        if (attempt.getAsBoolean()) {
            return true;
        }
        entries = entriesBefore;
        links = linksBefore;
        superseded = supersededBefore;
        steps = stepsBefore;
        nextId = nextIdBefore;
        return false;
    }

    List<Applied.Superseded> superseded() {
        return superseded;
    }

    /// The entries whose record differs from the stored one, and those that came and went.
    NavigableSet<EntryId> touched() {
        NavigableMap<EntryId, Optional<Entry>> touched = new TreeMap<>(entries);
        touched.entrySet().removeIf(each -> {
            Optional<Entry> now = each.getValue();
            return now.isPresent() && now.get().equals(storedEntry(each.getKey()));
        });
        return touched.navigableKeySet();
    }

    /// Adds what has changed to the batch.
    ///
    /// @return the summary after it
    Summary write(long logIndex, OrderedStore.Batch batch, HistoryLimits limits) {
        Tally tally = new Tally(before);
        for (EntryId id : touched()) {
            Entry old = storedEntry(id);
            if (old != null) {
                tally.leaves(old);
            }
            entries.getOrDefault(id, Optional.empty())
                    .ifPresentOrElse(
                            entry -> {
                                tally.enters(entry);
                                batch.put(Keys.entry(id), RecordCodec.encode(entry));
                                writeConflictCopy(batch, id, entry.isConflictCopy());
                            },
                            () -> {
                                batch.delete(Keys.entry(id));
                                writeConflictCopy(batch, id, false);
                            });
        }
        for (Map.Entry<Slot, Optional<EntryId>> link : links.entrySet()) {
            Bytes key = Keys.child(link.getKey());
            link.getValue().ifPresentOrElse(id -> batch.put(key, Keys.value(id)), () -> batch.delete(key));
        }
        long history = new History(stored, limits, before.history()).write(steps, batch);
        return tally.summary(logIndex, nextId, history);
    }

    private static void writeConflictCopy(OrderedStore.Batch batch, EntryId id, boolean isConflictCopy) {
        if (isConflictCopy) {
            batch.put(Keys.conflictCopy(id), Bytes.EMPTY);
        } else {
            batch.delete(Keys.conflictCopy(id));
        }
    }

    private void noteSuperseded(Entry old, @Nullable Entry now) {
        boolean isSame = now != null && now.content().equals(old.content());
        if (!isSame && old.content() instanceof Content.File file) {
            superseded.add(new Applied.Superseded(old.id(), file, old.revision()));
        }
    }

    private void noteStep(@Nullable Entry old, @Nullable Entry entry, HistoryRecord.What end) {
        Entry any = entry == null ? old : entry;
        Optional<HistoryRecord.What> what = HistoryStep.what(old, entry, end);
        if (any == null || by == null || what.isEmpty()) {
            return;
        }
        Optional<RelativePath> path =
                old == null || what.get() == HistoryRecord.What.EDITED ? Optional.empty() : path(old);
        steps.add(new HistoryStep(any.id(), what.get(), now, by, old, path));
    }

    /// @return empty if it is too long to be remembered, or a move under way has bent the tree to a ring
    private Optional<RelativePath> path(Entry entry) {
        Deque<Name> names = new ArrayDeque<>();
        int bytes = -1;
        for (Entry at = entry; at != null; at = entry(at.parent())) {
            names.addFirst(at.name());
            bytes += 1 + at.name().bytes().size();
            if (bytes > HistoryLimits.PATH_BYTES_MAX) {
                return Optional.empty();
            }
        }
        return Optional.of(new RelativePath(List.copyOf(names)));
    }

    private @Nullable Entry storedEntry(EntryId id) {
        Bytes bytes = stored.get(Keys.entry(id));
        return bytes == null ? null : RecordCodec.entry(bytes);
    }
}
