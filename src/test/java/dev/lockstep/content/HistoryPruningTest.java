package dev.lockstep.content;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Retention;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HistoryPruningTest {
    private static final Retention ALL = new Retention(Duration.ofDays(1), 1_000, 100);
    /// When what was just written is neither fresh nor old.
    private static final long SOON_NANOS = TimeUnit.MINUTES.toNanos(10);

    @TempDir
    Path directory;

    private StoreScene scene;
    private ContentStore store;

    @BeforeEach
    void open() throws IOException {
        scene = new StoreScene(directory, root -> root);
        store = scene.store;
    }

    @AfterEach
    void close() throws IOException {
        scene.close();
    }

    private static Bytes content(int number) {
        return Bytes.utf8("content %3d".formatted(number));
    }

    private void keep(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            store.keepHistory(Digest.of(content(i)), content(i));
            awaitTick(directory.resolve("state/history/" + Digest.of(content(i))));
        }
    }

    /// Until what is written from now on has a later time: the file system's clock ticks slowly.
    private void awaitTick(Path after) throws IOException {
        Path probe = directory.resolve("probe");
        do {
            Files.writeString(probe, "");
            Files.delete(probe);
            Files.createFile(probe);
        } while (Files.getLastModifiedTime(probe).compareTo(Files.getLastModifiedTime(after)) <= 0);
    }

    private static long nowNanos() {
        return TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
    }

    private HistoryUse prune(Retention retention, long inNanos, int limit) throws IOException {
        return store.pruneHistory(retention, nowNanos() + inNanos, digest -> false, limit);
    }

    private List<Integer> kept(int of) {
        return IntStream.range(0, of)
                .filter(i -> Files.exists(directory.resolve("state/history/" + Digest.of(content(i)))))
                .boxed()
                .toList();
    }

    @Test
    void nothingGoesWithinTheBounds() throws IOException {
        keep(5);
        assertThat(prune(ALL, SOON_NANOS, 10)).isEqualTo(new HistoryUse(5, 55, false));
        assertThat(kept(5)).hasSize(5);
    }

    @Test
    void theOldestGoBeyondTheCount() throws IOException {
        keep(5);
        assertThat(prune(new Retention(Duration.ofDays(1), 1_000, 2), SOON_NANOS, 10))
                .isEqualTo(new HistoryUse(2, 22, false));
        assertThat(kept(5)).containsExactly(3, 4);
    }

    @Test
    void theOldestGoBeyondTheBytes() throws IOException {
        keep(5);
        prune(new Retention(Duration.ofDays(1), 43, 100), SOON_NANOS, 10);
        assertThat(kept(5)).containsExactly(2, 3, 4);
    }

    @Test
    void whatIsTooOldGoes() throws IOException {
        keep(2);
        assertThat(prune(ALL, TimeUnit.DAYS.toNanos(2), 10)).isEqualTo(new HistoryUse(0, 0, false));
        assertThat(kept(2)).isEmpty();
    }

    @Test
    void aPassRemovesAtMostItsLimit() throws IOException {
        keep(5);
        Retention none = new Retention(Duration.ofDays(1), 0, 0);
        assertThat(prune(none, SOON_NANOS, 2)).isEqualTo(new HistoryUse(3, 33, true));
        assertThat(prune(none, SOON_NANOS, 3)).isEqualTo(new HistoryUse(0, 0, false));
    }

    @Test
    void whatJustBecameHistoryStays() throws IOException {
        keep(3);
        assertThat(prune(new Retention(Duration.ZERO, 0, 0), 0, 10)).isEqualTo(new HistoryUse(3, 33, false));
    }

    @Test
    void whatIsStillToBePlacedStays() throws IOException {
        keep(3);
        Digest needed = Digest.of(content(0));
        store.pruneHistory(new Retention(Duration.ofDays(1), 0, 0), nowNanos() + SOON_NANOS, needed::equals, 10);
        assertThat(kept(3)).containsExactly(0);
    }

    @Test
    void aFileThatIsNoContentIsLeftAlone() throws IOException {
        Files.writeString(directory.resolve("state/history/note"), "by somebody");
        keep(1);
        assertThat(prune(new Retention(Duration.ofDays(1), 0, 0), SOON_NANOS, 10)
                        .count())
                .isZero();
        assertThat(directory.resolve("state/history/note")).exists();
    }

    @Test
    void aStagedContentBecomesHistory() throws IOException {
        Digest digest = Digest.of(content(1));
        store.stage(digest, content(1));
        store.stagedToHistory(digest);
        store.stagedToHistory(Digest.of(content(2)));

        assertThat(store.hasStaged(digest)).isFalse();
        assertThat(kept(3)).containsExactly(1);
        assertThat(store.has(digest)).isTrue();
    }

    @Test
    void aDamagedContentIsNotOpened() throws IOException {
        Content.File content =
                new Content.File(Digest.of(content(0)), content(0).size());
        keep(1);
        try (OpenContent open = store.openVerified(content)) {
            assertThat(open).isNotNull();
        }
        Files.writeString(directory.resolve("state/history/" + content.digest()), "content  1!");
        assertThat(store.openVerified(content)).isNull();
    }

    @Test
    void anUnnamedContentLeavesNothingBehind() throws IOException {
        Content.File content =
                new Content.File(Digest.of(content(0)), content(0).size());
        try (Receiver receiver = store.receiveUnnamed(content)) {
            receiver.write(content(0).buffer());
            try (OpenContent open = receiver.finishUnnamed()) {
                ByteBuffer read = ByteBuffer.allocate(20);
                open.read(read, 0);
                assertThat(Bytes.copyOf(read.flip())).isEqualTo(content(0));
            }
        }
        assertThat(directory.resolve("state/staged")).isEmptyDirectory();
    }
}
