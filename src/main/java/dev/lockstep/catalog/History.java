package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Writes what one commit adds to the history, and forgets what is beyond the limits. For the applying thread
/// alone.
///
/// A record is written when it is superseded; until then it stands beside its entry. So what is current costs no
/// room in the history.
final class History {
    private final Overlay records;
    private final HistoryLimits limits;
    private long count;

    /// @param count superseded records before the commit
    History(OrderedStore.Records stored, HistoryLimits limits, long count) {
        this.records = new Overlay(stored);
        this.limits = limits;
        this.count = count;
    }

    /// Adds the steps of one commit, in their order.
    ///
    /// @return how many superseded records there are now
    long write(List<HistoryStep> steps, OrderedStore.Batch batch) {
        steps.forEach(this::take);
        boundTotal();
        records.writeTo(batch);
        return count;
    }

    private void take(HistoryStep step) {
        HistoryCodec.@Nullable Latest before = latest(step.entry());
        boolean isSameChange = before != null && before.revision().equals(step.now());
        int superseded = before == null ? 0 : before.superseded();
        if (before != null && step.before() != null && !isSameChange) {
            supersede(step.before(), before, step);
            superseded++;
        }
        if (step.what().isEnd()) {
            records.delete(Keys.latest(step.entry()));
            remember(step);
            return;
        }
        // Moved twice by one change: it comes from where it was before the change.
        Optional<RelativePath> path = before != null && isSameChange ? before.path() : step.path();
        put(step.entry(), new HistoryCodec.Latest(step.now(), step.what(), step.by(), path, superseded));
        if (superseded > limits.perEntryMax()) {
            forgetFirst(Keys.firstHistory(step.entry()), Keys.afterHistory(step.entry()));
        }
    }

    private void supersede(Entry entry, HistoryCodec.Latest latest, HistoryStep step) {
        HistoryRecord.Superseded end =
                new HistoryRecord.Superseded(step.now(), step.by().clockMillis());
        add(latest.record(entry, Optional.of(end)));
    }

    /// Keeps a deletion to be found by its path; without one all of the entry is forgotten.
    private void remember(HistoryStep step) {
        if (step.path().isEmpty()) {
            forgetEntry(step.entry());
            return;
        }
        RelativePath path = step.path().get();
        HistoryRecord.Superseded end =
                new HistoryRecord.Superseded(step.now(), step.by().clockMillis());
        add(new HistoryRecord(
                step.entry(), step.now(), step.what(), step.by(), Optional.empty(), step.path(), Optional.of(end)));
        records.put(Keys.deleted(path, step.now(), step.entry()), Bytes.EMPTY);
        if (step.what() == HistoryRecord.What.RELEASED) {
            records.put(Keys.released(step.entry()), Bytes.EMPTY);
        }
        List<Bytes> deleted = new ArrayList<>();
        records.scan(Keys.firstDeleted(path), Keys.afterDeleted(path), (key, _) -> deleted.add(key));
        for (int i = 0; i < deleted.size() - limits.perPathMax(); i++) {
            forgetEntry(Keys.id(deleted.get(i)));
        }
    }

    private void add(HistoryRecord line) {
        Revision by = line.superseded().orElseThrow().by();
        records.put(Keys.history(line.entry(), line.revision()), HistoryCodec.encode(line));
        records.put(Keys.superseded(by, line.entry(), line.revision()), Bytes.EMPTY);
        count++;
    }

    private void boundTotal() {
        while (count > limits.totalMax()) {
            Bytes[] first = {Bytes.EMPTY};
            records.scan(Keys.first(Keys.SUPERSEDED), Keys.after(Keys.SUPERSEDED), (key, _) -> {
                first[0] = key;
                return false;
            });
            Bytes key = Keys.history(Keys.historyEntry(first[0]), Keys.historyRevision(first[0]));
            forget(key, required(records.get(key)));
        }
    }

    private void forgetEntry(EntryId id) {
        List<Bytes> keys = new ArrayList<>();
        records.scan(Keys.firstHistory(id), Keys.afterHistory(id), (key, _) -> keys.add(key));
        keys.forEach(key -> forget(key, required(records.get(key))));
    }

    private void forgetFirst(Bytes from, Bytes to) {
        Bytes[] first = {Bytes.EMPTY};
        records.scan(from, to, (key, _) -> {
            first[0] = key;
            return false;
        });
        forget(first[0], required(records.get(first[0])));
    }

    private void forget(Bytes key, Bytes stored) {
        HistoryRecord line = HistoryCodec.history(key, stored);
        records.delete(key);
        records.delete(Keys.superseded(line.superseded().orElseThrow().by(), line.entry(), line.revision()));
        if (line.what().isEnd()) {
            records.delete(Keys.released(line.entry()));
            line.path().ifPresent(path -> records.delete(Keys.deleted(path, line.revision(), line.entry())));
        }
        count--;
        HistoryCodec.@Nullable Latest latest = latest(line.entry());
        if (latest != null) {
            put(line.entry(), latest.withSuperseded(latest.superseded() - 1));
        }
    }

    private void put(EntryId id, HistoryCodec.Latest latest) {
        records.put(Keys.latest(id), HistoryCodec.encode(latest));
    }

    private HistoryCodec.@Nullable Latest latest(EntryId id) {
        Bytes stored = records.get(Keys.latest(id));
        return stored == null ? null : HistoryCodec.latest(stored);
    }

    private static Bytes required(@Nullable Bytes stored) {
        if (stored == null) {
            throw new IllegalStateException("the catalog's history names a record that it does not hold");
        }
        return stored;
    }
}
