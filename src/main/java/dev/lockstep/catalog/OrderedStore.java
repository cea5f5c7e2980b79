package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Where the catalog keeps its records: keys and values of bytes, ordered by key as unsigned bytes.
///
/// One thread writes; any thread reads, but not while [#commit], [#replaceAll] or [#close] runs: the
/// catalog's lock
/// sees
/// to that. What is pinned may be read at any time. A failing or damaged disk shows as
/// [java.io.UncheckedIOException],
/// after which the store must not be written again.
public interface OrderedStore extends AutoCloseable {
    /// Reads of one state of the store.
    interface Records {
        /// @return the value at `key`, null without one
        @Nullable
        Bytes get(Bytes key);

        /// Visits the records from `from` up to, but without, `to` in the order of their keys.
        void scan(Bytes from, Bytes to, Visitor visitor);
    }

    @FunctionalInterface
    interface Visitor {
        /// @return whether to go on
        boolean visit(Bytes key, Bytes value);
    }

    /// The records of one moment, unchanged by later commits, until closed.
    interface Pin extends Records, AutoCloseable {
        @Override
        void close();
    }

    /// Records on their way into an empty store, in the order of their keys.
    @FunctionalInterface
    interface Source {
        void each(Sink sink) throws IOException;
    }

    @FunctionalInterface
    interface Sink {
        void put(Bytes key, Bytes value);
    }

    /// Writes that take effect together or, after a crash, not at all.
    final class Batch {
        private final NavigableMap<Bytes, Optional<Bytes>> writes = new TreeMap<>();

        public Batch put(Bytes key, Bytes value) {
            writes.put(key, Optional.of(value));
            return this;
        }

        public Batch delete(Bytes key) {
            writes.put(key, Optional.empty());
            return this;
        }

        /// The last write to each key; empty for a deletion.
        public NavigableMap<Bytes, Optional<Bytes>> writes() {
            return writes;
        }
    }

    /// The records as they are now.
    Records records();

    /// Writes all of the batch. Not durable before [#flush]; after a crash the store holds all batches up to
    /// some one.
    void commit(Batch batch);

    /// Keeps the records of this moment readable.
    Pin pin();

    /// Puts the records of `source` in the place of everything, durably.
    ///
    /// @throws IOException if the source or the disk fails; the store is then as before
    void replaceAll(Source source) throws IOException;

    /// Makes everything committed before the call durable. On any thread, at any time.
    void flush() throws IOException;

    @Override
    void close();
}
