package dev.lockstep.catalog.rocksdb;

import dev.lockstep.catalog.OrderedStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/// An ordered store on disk. Commits go to a write-ahead log without an fsync: they survive the death of the process,
/// so
/// that a node that starts again knows at least what its folder holds. After a power loss the store is as it was at
/// some
/// commit since the last flush, and the log of the cluster brings the rest.
///
/// Each state that was installed whole has a directory of its own, a *generation*; [Generations] says which
/// one counts.
public final class RocksStore implements OrderedStore {
    /// Records written at once while a state is replaced.
    private static final int LOAD_BATCH_RECORDS = 1000;

    private final Generations generations;
    private volatile Generation generation;

    private RocksStore(Generations generations, Generation generation) {
        this.generations = generations;
        this.generation = generation;
    }

    /// Opens the store in `directory`, which is made if it is missing.
    ///
    /// @throws IOException if the disk fails, the store is damaged, or another process has it open
    public static RocksStore open(Path directory) throws IOException {
        return open(directory, false);
    }

    /// @param isAfterPowerLoss whether the newest commits may be lost: those before them count
    public static RocksStore open(Path directory, boolean isAfterPowerLoss) throws IOException {
        Generations generations = Generations.in(directory);
        NativeLibrary.load(directory);
        if (!generations.isFounded()) {
            Path first = generations.prepareFirst();
            Generation.create(first).retire();
            generations.makeCurrent(first);
        }
        Path current = generations.current();
        generations.removeAllBut(current);
        return new RocksStore(generations, Generation.open(current, isAfterPowerLoss));
    }

    @Override
    public Records records() {
        return generation.records();
    }

    @Override
    public void commit(Batch batch) {
        generation.write(batch.writes());
    }

    @Override
    public Pin pin() {
        return generation.pin();
    }

    @Override
    public void replaceAll(Source source) throws IOException {
        Path next = generations.prepareNext();
        Generation replacement = Generation.create(next);
        boolean isReady = false;
        try {
            load(source, replacement);
            replacement.flush();
            generations.makeCurrent(next);
            isReady = true;
        } catch (UncheckedIOException failed) {
            throw new IOException("cannot replace the catalog in " + next, failed);
        } finally {
            if (!isReady) {
                replacement.retire();
            }
        }
        Generation replaced = generation;
        generation = replacement;
        replaced.retire();
    }

    private static void load(Source source, Generation into) throws IOException {
        Batch[] batch = {new Batch()};
        source.each((key, value) -> {
            batch[0].put(key, value);
            if (batch[0].writes().size() >= LOAD_BATCH_RECORDS) {
                into.write(batch[0].writes());
                batch[0] = new Batch();
            }
        });
        into.write(batch[0].writes());
    }

    @Override
    public void flush() throws IOException {
        generation.flush();
    }

    /// Closes; what was committed since the last flush may or may not be kept. What is pinned stays readable.
    @Override
    public void close() {
        generation.retire();
    }
}
