package dev.lockstep.simulation;

import dev.lockstep.folder.IndexStore;
import dev.lockstep.model.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiPredicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A folder index's records in memory; they outlive the process that wrote them. A power loss takes the newest of
/// those written since the last sync of the file system.
final class SimulatedIndexStore implements IndexStore {
    private final TreeMap<Bytes, byte[]> map = new TreeMap<>();
    private final SimulatedJournal journal = new SimulatedJournal();

    @Override
    public byte @Nullable [] get(byte[] key) {
        return map.get(Bytes.wrap(key));
    }

    @Override
    public void scan(byte[] prefix, BiPredicate<byte[], byte[]> visitor) {
        List<Map.Entry<Bytes, byte[]>> seen = new ArrayList<>();
        for (Map.Entry<Bytes, byte[]> record :
                map.tailMap(Bytes.wrap(prefix), true).entrySet()) {
            byte[] key = record.getKey().unsafeArray();
            if (key.length < prefix.length || !Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length)) {
                break;
            }
            seen.add(record);
        }
        for (Map.Entry<Bytes, byte[]> record : seen) {
            if (!visitor.test(record.getKey().unsafeArray(), record.getValue())) {
                return;
            }
        }
    }

    @Override
    public void write(List<Write> writes) {
        journal.begin();
        for (Write write : writes) {
            Bytes key = Bytes.wrap(write.key());
            byte[] before = set(key, write.value());
            journal.note(() -> set(key, before));
        }
    }

    private byte @Nullable [] set(Bytes key, byte @Nullable [] value) {
        return value == null ? map.remove(key) : map.put(key, value);
    }

    void synced() {
        journal.commit();
    }

    void losePower(RandomGenerator random) {
        journal.losePower(random);
    }

    @Override
    public void close() {}
}
