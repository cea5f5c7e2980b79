package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A store in memory alone, for simulations and tests: nothing of it survives the process. A pin shares the
/// map; the
/// next commit after it copies the map first.
public final class MemoryStore implements OrderedStore {
    private NavigableMap<Bytes, Bytes> map = new TreeMap<>();
    private boolean isShared;

    @Override
    public Records records() {
        return new MapRecords(map);
    }

    @Override
    public void commit(Batch batch) {
        if (isShared) {
            map = new TreeMap<>(map);
            isShared = false;
        }
        batch.writes()
                .forEach(
                        (key, value) -> value.ifPresentOrElse(present -> map.put(key, present), () -> map.remove(key)));
    }

    @Override
    public Pin pin() {
        isShared = true;
        return new MapRecords(map);
    }

    @Override
    public void replaceAll(Source source) throws IOException {
        NavigableMap<Bytes, Bytes> replacement = new TreeMap<>();
        source.each(replacement::put);
        map = replacement;
        isShared = false;
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}

    private record MapRecords(NavigableMap<Bytes, Bytes> map) implements Pin {
        @Override
        public @Nullable Bytes get(Bytes key) {
            return map.get(key);
        }

        @Override
        public void scan(Bytes from, Bytes to, Visitor visitor) {
            for (Map.Entry<Bytes, Bytes> each : map.subMap(from, to).entrySet()) {
                if (!visitor.visit(each.getKey(), each.getValue())) {
                    return;
                }
            }
        }

        @Override
        public void close() {}
    }
}
