package dev.lockstep.simulation;

import dev.lockstep.folder.IndexStore;
import dev.lockstep.model.RelativePath;
import java.util.List;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// The machine's index records as one process has them open: each write may be one the process does not live to do.
final class DyingIndexStore implements IndexStore {
    private final SimulatedProcess process;
    private final IndexStore records;

    DyingIndexStore(SimulatedProcess process, IndexStore records) {
        this.process = process;
        this.records = records;
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        return records.get(key);
    }

    @Override
    public void scan(byte[] prefix, BiPredicate<byte[], byte[]> visitor) {
        records.scan(prefix, visitor);
    }

    @Override
    public void write(List<Write> writes) {
        process.changes("index", RelativePath.ROOT);
        records.write(writes);
    }

    @Override
    public void close() {}
}
