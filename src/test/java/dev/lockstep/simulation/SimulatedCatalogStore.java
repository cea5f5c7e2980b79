package dev.lockstep.simulation;

import dev.lockstep.catalog.MemoryStore;
import dev.lockstep.catalog.OrderedStore;
import java.io.IOException;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// A catalog's records in memory; they outlive the process that wrote them. A power loss takes the newest of those
/// written since they were last flushed, or the file system synced.
final class SimulatedCatalogStore implements OrderedStore {
    private final MemoryStore store = new MemoryStore();
    private final SimulatedJournal journal = new SimulatedJournal();

    @Override
    public Records records() {
        return store.records();
    }

    @Override
    public void commit(Batch batch) {
        Batch before = new Batch();
        for (var key : batch.writes().keySet()) {
            Optional.ofNullable(store.records().get(key))
                    .ifPresentOrElse(value -> before.put(key, value), () -> before.delete(key));
        }
        journal.begin();
        journal.note(() -> store.commit(before));
        store.commit(batch);
    }

    @Override
    public Pin pin() {
        return store.pin();
    }

    @Override
    public void replaceAll(Source source) throws IOException {
        store.replaceAll(source);
        journal.commit();
    }

    @Override
    public void flush() {
        journal.commit();
    }

    void losePower(RandomGenerator random) {
        journal.losePower(random);
    }

    @Override
    public void close() {}
}
