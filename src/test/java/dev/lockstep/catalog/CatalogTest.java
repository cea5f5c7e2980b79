package dev.lockstep.catalog;

import static dev.lockstep.catalog.Scene.NODE1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.catalog.rocksdb.RocksStore;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CatalogTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void catalogsThatTookTheSameCommitsAreEqual(long seed) throws IOException {
        Random random = new Random(seed);
        RandomProposals proposals = new RandomProposals(random);
        Set<String> seen = new HashSet<>();
        // So tight that random commands go beyond each of them.
        HistoryLimits limits = new HistoryLimits(5, 2, 100);
        try (Catalog memory = new Catalog(new MemoryStore(), limits);
                Catalog rocks = new Catalog(RocksStore.open(directory.resolve("rocks")), limits);
                Catalog late = new Catalog(RocksStore.open(directory.resolve("late")), limits)) {
            for (int logIndex = 1; logIndex <= 1000; logIndex++) {
                Bytes command = CommandCodec.encode(new Command.Propose(memory.read(proposals::next)));
                Applied applied = memory.apply(logIndex, command);
                assertThat(rocks.apply(logIndex, command)).isEqualTo(applied);
                applied.outcomes().forEach(outcome -> seen.add(describe(outcome)));
                if (logIndex > 500) {
                    assertThat(late.apply(logIndex, command)).isEqualTo(applied);
                } else if (logIndex == 500) {
                    Path file = directory.resolve("snapshot");
                    try (Catalog.Pinned pinned = memory.pin()) {
                        pinned.writeTo(file);
                    }
                    late.install(file, logIndex);
                }
                assertThat(rocks.read(Catalog.View::digest)).isEqualTo(memory.read(Catalog.View::digest));
                if (logIndex % 100 == 0) {
                    memory.read(CatalogTest::requireSound);
                }
            }
            rocks.read(CatalogTest::requireSound);
            assertThat(seen)
                    .containsExactlyInAnyOrder(
                            "accepted",
                            "copied",
                            "deleted",
                            "moved",
                            "edited",
                            "not empty",
                            "other rules by now",
                            "would lie within itself");
            late.read(CatalogTest::requireSound);
            assertThat(late.<List<Entry>>read(CatalogTest::entries)).isEqualTo(memory.read(CatalogTest::entries));
            List<HistoryRecord> told = memory.read(CatalogTest::histories);
            assertThat(told).hasSizeGreaterThan(100);
            assertThat(rocks.<List<HistoryRecord>>read(CatalogTest::histories)).isEqualTo(told);
            assertThat(late.<List<HistoryRecord>>read(CatalogTest::histories)).isEqualTo(told);
        }
    }

    private static String describe(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Accepted _ -> "accepted";
            case Outcome.Copied _ -> "copied";
            case Outcome.Overruled(String reason) -> reason;
            case Outcome.Refused(String reason) -> "refused: " + reason;
        };
    }

    private static List<Entry> entries(Catalog.View view) {
        List<Entry> entries = new ArrayList<>();
        view.forEachEntry(entries::add);
        return entries;
    }

    /// Every entry is reached from the root once, under its own name, and is counted.
    private static boolean requireSound(Catalog.View view) {
        List<Entry> entries = entries(view);
        TreeDigest digest = new TreeDigest();
        entries.forEach(digest::add);
        assertThat(view.digest()).isEqualTo(digest.toDigest());
        assertThat(view.entries()).isEqualTo(entries.size());
        List<Entry> copies = entries.stream().filter(Entry::isConflictCopy).toList();
        assertThat(view.conflictCopyCount()).isEqualTo(copies.size());
        assertThat(view.conflictCopies(Integer.MAX_VALUE)).isEqualTo(copies);

        requireSoundHistory(view, entries);
        Set<EntryId> reached = new HashSet<>();
        reach(view, EntryId.ROOT, reached);
        assertThat(reached).hasSameSizeAs(entries);
        for (Entry entry : entries) {
            RelativePath path = view.path(entry.id());
            if (path == null) {
                throw new AssertionError("no path to " + entry);
            }
            assertThat(view.find(path)).contains(entry);
        }
        return true;
    }

    /// What every path that is or was tells.
    private static List<HistoryRecord> histories(Catalog.View view) {
        Set<RelativePath> paths = new TreeSet<>(view.deletedBelow(RelativePath.ROOT, Integer.MAX_VALUE));
        entries(view).forEach(entry -> paths.add(Objects.requireNonNull(view.path(entry.id()))));
        return paths.stream()
                .flatMap(path -> view.history(path, Integer.MAX_VALUE).stream())
                .toList();
    }

    /// Every record is counted and within the limits; every file and link has its current one, which says how it
    /// stands; those of an entry follow each other.
    private static void requireSoundHistory(Catalog.View view, List<Entry> entries) {
        List<HistoryRecord> superseded = view.superseded(null, Integer.MAX_VALUE);
        assertThat(view.historyRecords()).isEqualTo(superseded.size());
        Map<EntryId, List<HistoryRecord>> byEntry =
                superseded.stream().collect(Collectors.groupingBy(HistoryRecord::entry));
        for (Entry entry : entries) {
            RelativePath path = Objects.requireNonNull(view.path(entry.id()));
            List<HistoryRecord> own = view.history(path, Integer.MAX_VALUE).stream()
                    .filter(line -> line.entry().equals(entry.id()))
                    .toList();
            if (entry.content().isDirectory()) {
                assertThat(own).isEmpty();
                continue;
            }
            HistoryRecord current = own.getFirst();
            assertThat(current.isCurrent()).isTrue();
            assertThat(current.state())
                    .contains(new HistoryRecord.State(entry.content(), entry.attributes(), entry.revision()));
            assertThat(own.size() - 1)
                    .isEqualTo(byEntry.getOrDefault(entry.id(), List.of()).size());
            for (int i = 1; i < own.size(); i++) {
                assertThat(own.get(i).superseded().orElseThrow().by())
                        .isEqualTo(own.get(i - 1).revision());
            }
        }
    }

    private static void reach(Catalog.View view, EntryId parent, Set<EntryId> reached) {
        List<Entry> children = new ArrayList<>();
        view.forEachChild(parent, children::add);
        for (Entry child : children) {
            assertThat(child.parent()).isEqualTo(parent);
            assertThat(view.child(parent, child.name())).isEqualTo(child);
            assertThat(reached.add(child.id())).isTrue();
            if (child.content().isDirectory()) {
                reach(view, child.id(), reached);
            }
        }
    }

    @Test
    void noContentIsLostWithoutBeingNamedAsSuperseded() {
        Random random = new Random(7);
        RandomProposals proposals = new RandomProposals(random);
        Catalog catalog = new Catalog(new MemoryStore());
        for (int logIndex = 1; logIndex <= 500; logIndex++) {
            List<Entry> before = catalog.read(CatalogTest::entries);
            Bytes command = CommandCodec.encode(new Command.Propose(catalog.read(proposals::next)));
            Applied applied = catalog.apply(logIndex, command);
            for (Entry old : before) {
                Entry now = catalog.read(view -> view.entry(old.id()));
                boolean isKept = now != null && now.content().equals(old.content());
                boolean isNamed = old.content() instanceof Content.File file
                        && applied.superseded().contains(new Applied.Superseded(old.id(), file, old.revision()));
                assertThat(isKept || isNamed || !(old.content() instanceof Content.File))
                        .isTrue();
                assertThat(old.equals(now) || applied.touched().contains(old.id()))
                        .isTrue();
            }
        }
    }

    @Test
    void garbageIsUnreadableAndChangesNothing() {
        Random random = new Random(11);
        Scene scene = new Scene();
        RandomProposals proposals = new RandomProposals(random);
        scene.file("a", "one");
        Digest before = scene.catalog.read(Catalog.View::digest);
        assertThat(scene.catalog.apply(2, Bytes.EMPTY).result()).isEqualTo(Result.UNREADABLE);
        assertThat(scene.catalog.read(Catalog.View::digest)).isEqualTo(before);
        assertThat(scene.catalog.appliedIndex()).isEqualTo(2);
        for (int logIndex = 3; logIndex < 3_000; logIndex++) {
            byte[] bytes = new byte[random.nextInt(60)];
            random.nextBytes(bytes);
            if (logIndex % 100 == 0) {
                // What was damaged left a gap: begin anew.
                proposals = new RandomProposals(random, logIndex);
            }
            if (logIndex % 2 == 0) {
                bytes = CommandCodec.encode(new Command.Propose(scene.catalog.read(proposals::next)))
                        .toArray();
                for (int i = random.nextInt(4); i > 0; i--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
            }
            if (CommandCodec.formatOf(Bytes.wrap(bytes)) > CommandCodec.FORMAT) {
                bytes[1] = CommandCodec.FORMAT;
            }
            assertThat(scene.catalog.apply(logIndex, Bytes.wrap(bytes)).logIndex())
                    .isEqualTo(logIndex);
        }
        scene.catalog.read(CatalogTest::requireSound);
    }

    @Test
    void aCommitReplayedAfterARestartChangesNothingButGivesItsContents() {
        Scene scene = new Scene();
        Bytes content = Bytes.utf8("one");
        var proposal = new Proposal(new OperationId(NODE1, 1, 1), List.of(scene.create("a", "one")), List.of(content));
        Bytes command = CommandCodec.encode(new Command.Propose(proposal));
        Applied first = scene.catalog.apply(5, command);
        Digest digest = scene.catalog.read(Catalog.View::digest);

        Applied again = scene.catalog.apply(5, command);

        assertThat(first.contents()).containsOnlyKeys(Digest.of(content));
        assertThat(again.result()).isEqualTo(Result.REPEATED);
        assertThat(again.contents()).isEqualTo(first.contents());
        assertThat(again.touched()).isEmpty();
        assertThat(scene.catalog.read(Catalog.View::digest)).isEqualTo(digest);
    }

    @Test
    void aStoreThatFellBehindTheLogCatchesUpByReplay() throws IOException {
        Random random = new Random(5);
        RandomProposals proposals = new RandomProposals(random);
        Catalog whole = new Catalog(new MemoryStore());
        List<Bytes> log = new ArrayList<>();
        for (int logIndex = 1; logIndex <= 300; logIndex++) {
            log.add(CommandCodec.encode(new Command.Propose(whole.read(proposals::next))));
            whole.apply(logIndex, log.getLast());
        }
        Path killed = directory.resolve("killed");
        try (Catalog catalog = new Catalog(RocksStore.open(killed))) {
            for (int logIndex = 1; logIndex <= 120; logIndex++) {
                catalog.apply(logIndex, log.get(logIndex - 1));
            }
            catalog.flush();
        }
        try (Catalog catalog = new Catalog(RocksStore.open(killed))) {
            assertThat(catalog.appliedIndex()).isEqualTo(120);
            for (int logIndex = 50; logIndex <= 300; logIndex++) {
                boolean isRepeated =
                        catalog.apply(logIndex, log.get(logIndex - 1)).result() == Result.REPEATED;
                assertThat(isRepeated).isEqualTo(logIndex <= 120);
            }
            assertThat(catalog.read(Catalog.View::digest)).isEqualTo(whole.read(Catalog.View::digest));
            catalog.read(CatalogTest::requireSound);
        }
    }

    @Test
    void theLogMayGoOnWithoutCommands() {
        Catalog catalog = new Catalog(new MemoryStore());
        catalog.advance(4);
        catalog.advance(2);

        assertThat(catalog.appliedIndex()).isEqualTo(4);
        assertThat(catalog.<Long>read(Catalog.View::appliedIndex)).isEqualTo(4);
    }

    /// Going on without it would fork the cluster; an older index is known already.
    @Test
    void aNewerFormatIsNotApplied() {
        Catalog catalog = new Catalog(new MemoryStore());
        catalog.advance(4);
        Bytes future = Bytes.wrap(new byte[] {8, 2, 0x1a, 0});

        assertThatThrownBy(() -> catalog.apply(5, future))
                .isInstanceOf(UnknownFormat.class)
                .hasMessageContaining("entry 5 of the log has format 2");
        assertThat(catalog.appliedIndex()).isEqualTo(4);
        assertThat(catalog.apply(4, future).result()).isEqualTo(Result.REPEATED);
    }

    @Test
    void aWalkSeesOneStateWhileCommitsGoOn() throws IOException {
        for (OrderedStore store : List.of(new MemoryStore(), RocksStore.open(directory.resolve("walked")))) {
            try (Catalog catalog = new Catalog(store)) {
                Scene scene = new Scene(catalog);
                scene.file("a", "one");
                List<Long> seen = catalog.walk(view -> {
                    scene.file("b", "two");
                    List<Long> indexes = new ArrayList<>();
                    view.forEachEntry(entry -> indexes.add(entry.revision().logIndex()));
                    indexes.add(view.appliedIndex());
                    return indexes;
                });
                assertThat(seen).containsExactly(1L, 1L);
                assertThat(catalog.<Long>read(Catalog.View::entries)).isEqualTo(2);
            }
        }
    }

    @Test
    void lostStoresAreRemembered() {
        Catalog catalog = new Catalog(new MemoryStore());
        NodeId node = new NodeId("node3");
        StoreId first = new StoreId("0123456789abcdef");
        StoreId lost = new StoreId("00000000000000ff");

        catalog.apply(1, CommandCodec.encode(new Command.PermitReplacement(node, first)));
        Applied applied = catalog.apply(2, CommandCodec.encode(new Command.PermitReplacement(node, lost)));

        assertThat(applied.result()).isEqualTo(Result.APPLIED);
        assertThat(applied.operation()).isEmpty();
        assertThat(catalog.<Set<StoreId>>read(view -> view.lostStores(node))).containsExactly(lost, first);
        for (NodeId other : List.of(NODE1, new NodeId("node"), new NodeId("node33"))) {
            assertThat(catalog.<Set<StoreId>>read(view -> view.lostStores(other)))
                    .isEmpty();
        }
    }

    @Test
    void aPinKeepsItsStateWhileCommitsGoOn() throws IOException {
        try (Catalog catalog = new Catalog(RocksStore.open(directory.resolve("rocks")))) {
            Scene scene = new Scene(catalog);
            scene.file("a", "one");
            Digest pinnedDigest = catalog.read(Catalog.View::digest);
            Path file = directory.resolve("snapshot");
            try (Catalog.Pinned pinned = catalog.pin()) {
                scene.file("b", "two");
                scene.offer(NODE1, scene.delete(scene.at("a")));
                assertThat(pinned.appliedIndex()).isEqualTo(1);
                pinned.writeTo(file);
            }
            Scene installed = new Scene();
            installed.file("other", "three");
            installed.catalog.install(file, 9);

            assertThat(installed.tree()).containsExactly("a");
            assertThat(installed.catalog.read(Catalog.View::digest)).isEqualTo(pinnedDigest);
            assertThat(installed.catalog.appliedIndex()).isEqualTo(9);
        }
    }

    @Test
    void aDamagedSnapshotLeavesTheStateAsItWas() throws IOException {
        Scene source = new Scene();
        source.file("d/a", "one");
        Path file = directory.resolve("snapshot");
        try (Catalog.Pinned pinned = source.catalog.pin()) {
            pinned.writeTo(file);
        }
        byte[] whole = Files.readAllBytes(file);
        Scene target = new Scene();
        target.file("kept", "two");
        Digest kept = target.catalog.read(Catalog.View::digest);
        for (int i = 0; i < whole.length; i++) {
            byte[] damaged = whole.clone();
            damaged[i] ^= 0x10;
            Files.write(file, damaged);
            assertThatThrownBy(() -> target.catalog.install(file, 9))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(file.toString());
        }
        for (int length = 0; length < whole.length; length += 7) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> target.catalog.install(file, 9)).isInstanceOf(IOException.class);
        }
        Files.write(file, whole);
        assertThatThrownBy(() -> target.catalog.install(file, 0)).isInstanceOf(IOException.class);

        assertThat(target.catalog.read(Catalog.View::digest)).isEqualTo(kept);
        assertThat(target.tree()).containsExactly("kept");
    }
}
