package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import java.util.Iterator;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Records as they will be once the writes made here are committed. For the applying thread alone; not written
/// to during a scan.
final class Overlay implements OrderedStore.Records {
    private final OrderedStore.Records stored;
    private final NavigableMap<Bytes, Optional<Bytes>> writes = new TreeMap<>();

    Overlay(OrderedStore.Records stored) {
        this.stored = stored;
    }

    void put(Bytes key, Bytes value) {
        writes.put(key, Optional.of(value));
    }

    void delete(Bytes key) {
        writes.put(key, Optional.empty());
    }

    void writeTo(OrderedStore.Batch batch) {
        writes.forEach(
                (key, value) -> value.ifPresentOrElse(present -> batch.put(key, present), () -> batch.delete(key)));
    }

    @Override
    public @Nullable Bytes get(Bytes key) {
        Optional<Bytes> written = writes.get(key);
        return written != null ? written.orElse(null) : stored.get(key);
    }

    @Override
    public void scan(Bytes from, Bytes to, OrderedStore.Visitor visitor) {
        Merge merge = new Merge(writes.subMap(from, to), visitor);
        stored.scan(from, to, merge);
        merge.finish();
    }

    /// Visits what is stored and what is written in one order, the written ones first where both have a key.
    private static final class Merge implements OrderedStore.Visitor {
        private final Iterator<Map.Entry<Bytes, Optional<Bytes>>> written;
        private final OrderedStore.Visitor visitor;
        private Map.@Nullable Entry<Bytes, Optional<Bytes>> next;
        private boolean goesOn = true;

        private Merge(SortedMap<Bytes, Optional<Bytes>> writes, OrderedStore.Visitor visitor) {
            this.written = writes.entrySet().iterator();
            this.visitor = visitor;
            step();
        }

        private void step() {
            next = written.hasNext() ? written.next() : null;
        }

        @Override
        public boolean visit(Bytes key, Bytes value) {
            Map.Entry<Bytes, Optional<Bytes>> write = next;
            while (goesOn && write != null && write.getKey().compareTo(key) < 0) {
                visitWritten(write);
                write = next;
            }
            if (goesOn && write != null && write.getKey().equals(key)) {
                visitWritten(write);
            } else if (goesOn) {
                goesOn = visitor.visit(key, value);
            }
            return goesOn;
        }

        private void visitWritten(Map.Entry<Bytes, Optional<Bytes>> write) {
            step();
            Optional<Bytes> value = write.getValue();
            goesOn = value.isEmpty() || visitor.visit(write.getKey(), value.get());
        }

        private void finish() {
            for (Map.Entry<Bytes, Optional<Bytes>> write = next; goesOn && write != null; write = next) {
                visitWritten(write);
            }
        }
    }
}
