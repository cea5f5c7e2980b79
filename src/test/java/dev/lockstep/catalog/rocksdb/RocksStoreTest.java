package dev.lockstep.catalog.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.catalog.MemoryStore;
import dev.lockstep.catalog.OrderedStore;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RocksStoreTest {
    private static final Bytes FIRST = Bytes.EMPTY;
    private static final Bytes LAST = Bytes.wrap(new byte[] {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff});

    @TempDir
    Path directory;

    private static List<String> all(OrderedStore.Records records) {
        List<String> found = new ArrayList<>();
        records.scan(FIRST, LAST, (key, value) -> found.add(key + "=" + value));
        return found;
    }

    private static OrderedStore.Batch put(String key, String value) {
        return new OrderedStore.Batch().put(Bytes.utf8(key), Bytes.utf8(value));
    }

    @Test
    void itHoldsWhatTheStoreInMemoryHolds() throws IOException {
        Random random = new Random(1);
        MemoryStore memory = new MemoryStore();
        try (RocksStore rocks = RocksStore.open(directory)) {
            List<OrderedStore.Pin> pins = new ArrayList<>();
            List<List<String>> pinned = new ArrayList<>();
            for (int i = 0; i < 300; i++) {
                OrderedStore.Batch batch = new OrderedStore.Batch();
                for (int j = random.nextInt(5); j >= 0; j--) {
                    byte[] key = new byte[random.nextInt(1, 3)];
                    random.nextBytes(key);
                    key[0] &= (byte) 0x87;
                    if (random.nextInt(3) == 0) {
                        batch.delete(Bytes.wrap(key));
                    } else {
                        batch.put(Bytes.wrap(key), Bytes.utf8("value " + i));
                    }
                }
                memory.commit(batch);
                rocks.commit(batch);
                if (i % 100 == 50) {
                    pins.add(memory.pin());
                    pins.add(rocks.pin());
                    pinned.add(all(memory.records()));
                }
                assertThat(all(rocks.records())).isEqualTo(all(memory.records()));
            }
            for (int i = 0; i < pins.size(); i++) {
                assertThat(all(pins.get(i))).isEqualTo(pinned.get(i / 2));
                pins.get(i).close();
            }
        }
    }

    @Test
    void whatWasFlushedIsThereAfterOpeningAgain() throws IOException {
        try (RocksStore store = RocksStore.open(directory)) {
            store.commit(put("a", "1"));
            store.flush();
        }
        try (RocksStore store = RocksStore.open(directory)) {
            assertThat(store.records().get(Bytes.utf8("a"))).isEqualTo(Bytes.utf8("1"));
            assertThat(store.records().get(Bytes.utf8("b"))).isNull();
        }
    }

    @Test
    void aReplacedStateIsWholeAndDurable() throws IOException {
        try (RocksStore store = RocksStore.open(directory)) {
            store.commit(put("old", "1"));
            try (OrderedStore.Pin pin = store.pin()) {
                store.replaceAll(sink -> {
                    for (int i = 0; i < 5000; i++) {
                        sink.put(Bytes.utf8("key " + i), Bytes.utf8("value"));
                    }
                });
                assertThat(pin.get(Bytes.utf8("old"))).isNotNull();
            }
        }
        try (RocksStore store = RocksStore.open(directory)) {
            assertThat(all(store.records())).hasSize(5000);
        }
        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("current", "generation-2");
        }
    }

    @Test
    void aReplacementThatFailsLeavesTheStateAsItWas() throws IOException {
        try (RocksStore store = RocksStore.open(directory)) {
            store.commit(put("kept", "1"));
            assertThatThrownBy(() -> store.replaceAll(sink -> {
                        sink.put(Bytes.utf8("half"), Bytes.utf8("1"));
                        throw new IOException("no more");
                    }))
                    .isInstanceOf(IOException.class);
            assertThat(store.records().get(Bytes.utf8("kept"))).isNotNull();

            store.replaceAll(sink -> sink.put(Bytes.utf8("next"), Bytes.utf8("1")));
            assertThat(all(store.records())).hasSize(1);
        }
    }

    @Test
    void aStoreInUseIsNotOpenedTwice() throws IOException {
        try (RocksStore store = RocksStore.open(directory)) {
            store.flush();
            assertThatThrownBy(() -> RocksStore.open(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(directory.toString());
        }
    }

    @Test
    void aClosedStoreRefusesCalls() throws IOException {
        RocksStore store = RocksStore.open(directory);
        OrderedStore.Pin pin = store.pin();
        store.close();
        assertThat(all(pin)).isEmpty();
        pin.close();
        pin.close();

        assertThatThrownBy(() -> store.records().get(FIRST)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aStateThatIsMissingIsNotTakenForAnEmptyOne() throws IOException {
        RocksStore.open(directory).close();
        Files.delete(directory.resolve("current"));

        assertThatThrownBy(() -> RocksStore.open(directory)).isInstanceOf(IOException.class);
    }

    @Test
    void aChangedByteIsDetected() throws IOException {
        try (RocksStore store = RocksStore.open(directory)) {
            for (int i = 0; i < 100; i++) {
                store.commit(put("key " + i, "value " + i));
            }
            store.flush();
        }
        Path table;
        try (Stream<Path> files = Files.list(directory.resolve("generation-1"))) {
            table = files.filter(path -> path.toString().endsWith(".sst"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(table);
        bytes[20] ^= 1;
        Files.write(table, bytes);

        assertThatThrownBy(() -> {
                    try (RocksStore store = RocksStore.open(directory)) {
                        all(store.records());
                    }
                })
                .hasMessageContaining(directory.toString());
    }
}
