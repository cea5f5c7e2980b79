package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads the history out of stored records.
record HistoryReader(OrderedStore.Records records) {
    private static final Comparator<HistoryRecord> NEWEST_FIRST =
            Comparator.comparing(HistoryRecord::revision).reversed();

    /// @param live the entry at the path, null without one
    List<HistoryRecord> of(RelativePath path, @Nullable Entry live, int limit) {
        List<HistoryRecord> lines = new ArrayList<>();
        if (live != null) {
            current(live).ifPresent(lines::add);
            addSuperseded(live.id(), lines);
        }
        for (EntryId id : deleted(path).reversed()) {
            if (lines.size() < limit) {
                addSuperseded(id, lines);
            }
        }
        lines.sort(NEWEST_FIRST);
        return lines.subList(0, Math.min(limit, lines.size()));
    }

    Optional<HistoryRecord> at(RelativePath path, @Nullable Entry live, Revision revision) {
        List<EntryId> entries = deleted(path);
        if (live != null) {
            Optional<HistoryRecord> current =
                    current(live).filter(line -> line.revision().equals(revision));
            if (current.isPresent()) {
                return current;
            }
            entries.add(live.id());
        }
        for (EntryId id : entries) {
            Bytes key = Keys.history(id, revision);
            Bytes stored = records.get(key);
            if (stored != null) {
                return Optional.of(HistoryCodec.history(key, stored));
            }
        }
        return Optional.empty();
    }

    private Optional<HistoryRecord> current(Entry live) {
        return Optional.ofNullable(records.get(Keys.latest(live.id())))
                .map(stored -> HistoryCodec.latest(stored).record(live, Optional.empty()));
    }

    /// Those whose last path it was, the one deleted first in front.
    private List<EntryId> deleted(RelativePath path) {
        List<EntryId> deleted = new ArrayList<>();
        records.scan(Keys.firstDeleted(path), Keys.afterDeleted(path), (key, _) -> deleted.add(Keys.id(key)));
        return deleted;
    }

    private void addSuperseded(EntryId id, List<HistoryRecord> lines) {
        records.scan(
                Keys.firstHistory(id),
                Keys.afterHistory(id),
                (key, stored) -> lines.add(HistoryCodec.history(key, stored)));
    }

    List<HistoryRecord> superseded(@Nullable HistoryRecord after, int limit) {
        Bytes from = after == null
                ? Keys.first(Keys.SUPERSEDED)
                : Keys.superseded(after.superseded().orElseThrow().by(), after.entry(), after.revision());
        List<Bytes> keys = new ArrayList<>();
        records.scan(from, Keys.after(Keys.SUPERSEDED), (key, _) -> {
            boolean isAfter = after == null || !key.equals(from);
            return keys.size() < limit && (!isAfter || keys.add(key));
        });
        List<HistoryRecord> lines = new ArrayList<>();
        for (Bytes each : keys) {
            EntryId entry = Keys.historyEntry(each);
            Revision revision = Keys.historyRevision(each);
            Bytes key = Keys.history(entry, revision);
            Bytes stored = records.get(key);
            if (stored == null) {
                throw new IllegalStateException("the catalog's history names a record that it does not hold");
            }
            lines.add(HistoryCodec.history(key, stored));
        }
        return lines;
    }

    List<RelativePath> deletedBelow(RelativePath directory, int limit) {
        List<RelativePath> paths = new ArrayList<>();
        records.scan(Keys.firstDeletedBelow(directory), Keys.afterDeletedBelow(directory), (key, _) -> {
            RelativePath path = Keys.deletedPath(key);
            if (paths.isEmpty() || !paths.getLast().equals(path)) {
                paths.add(path);
            }
            return paths.size() < limit;
        });
        return paths;
    }
}
