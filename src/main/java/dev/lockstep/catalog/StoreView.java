package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.model.StoreId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The catalog as stored records tell it.
record StoreView(OrderedStore.Records records, Summary summary) implements Catalog.View {
    @Override
    public long appliedIndex() {
        return summary.appliedIndex();
    }

    @Override
    public @Nullable Entry entry(EntryId id) {
        Bytes stored = records.get(Keys.entry(id));
        return stored == null ? null : RecordCodec.entry(stored);
    }

    @Override
    public @Nullable Entry child(EntryId parent, Name name) {
        Bytes id = records.get(Keys.child(new Slot(parent, name)));
        return id == null ? null : linked(id);
    }

    @Override
    public void forEachChild(EntryId parent, Consumer<Entry> action) {
        records.scan(Keys.firstChild(parent), Keys.afterChildren(parent), (_, id) -> {
            action.accept(linked(id));
            return true;
        });
    }

    @Override
    public void forEachEntry(Consumer<Entry> action) {
        records.scan(Keys.first(Keys.ENTRY), Keys.after(Keys.ENTRY), (_, stored) -> {
            action.accept(RecordCodec.entry(stored));
            return true;
        });
    }

    @Override
    public @Nullable RelativePath path(EntryId id) {
        Deque<Name> names = new ArrayDeque<>();
        EntryId at = id;
        while (!at.equals(EntryId.ROOT)) {
            Entry entry = entry(at);
            if (entry == null) {
                return null;
            }
            names.addFirst(entry.name());
            at = entry.parent();
        }
        return new RelativePath(List.copyOf(names));
    }

    @Override
    public Optional<Entry> find(RelativePath path) {
        EntryId at = EntryId.ROOT;
        @Nullable Entry found = null;
        for (Name name : path.names()) {
            found = child(at, name);
            if (found == null) {
                return Optional.empty();
            }
            at = found.id();
        }
        return Optional.ofNullable(found);
    }

    @Override
    public long entries() {
        return summary.entries();
    }

    @Override
    public Digest digest() {
        return summary.digest();
    }

    @Override
    public List<Entry> conflictCopies(int limit) {
        List<Entry> copies = new ArrayList<>();
        records.scan(Keys.first(Keys.CONFLICT_COPY), Keys.after(Keys.CONFLICT_COPY), (key, _) -> {
            if (copies.size() < limit) {
                copies.add(existing(Keys.id(key)));
            }
            return copies.size() < limit;
        });
        return copies;
    }

    @Override
    public long conflictCopyCount() {
        return summary.conflictCopies();
    }

    @Override
    public Set<StoreId> lostStores(NodeId node) {
        Set<StoreId> stores = new TreeSet<>();
        records.scan(
                Keys.firstLostStore(node), Keys.afterLostStores(node), (key, _) -> stores.add(Keys.lostStore(key)));
        return stores;
    }

    @Override
    public boolean isReleased(EntryId id) {
        return records.get(Keys.released(id)) != null;
    }

    @Override
    public List<HistoryRecord> history(RelativePath path, int limit) {
        return new HistoryReader(records).of(path, find(path).orElse(null), limit);
    }

    @Override
    public Optional<HistoryRecord> history(RelativePath path, Revision revision) {
        return new HistoryReader(records).at(path, find(path).orElse(null), revision);
    }

    @Override
    public List<HistoryRecord> superseded(@Nullable HistoryRecord after, int limit) {
        return new HistoryReader(records).superseded(after, limit);
    }

    @Override
    public List<RelativePath> deletedBelow(RelativePath directory, int limit) {
        return new HistoryReader(records)
                .deletedBelow(directory, limit).stream()
                        .filter(path -> find(path).isEmpty())
                        .toList();
    }

    @Override
    public long historyRecords() {
        return summary.history();
    }

    private Entry linked(Bytes id) {
        return existing(Keys.id(id));
    }

    private Entry existing(EntryId id) {
        Entry entry = entry(id);
        if (entry == null) {
            throw new IllegalStateException("the catalog names an entry that it does not hold: " + id);
        }
        return entry;
    }
}
