package dev.lockstep.catalog;

import static dev.lockstep.catalog.Scene.NODE1;
import static dev.lockstep.catalog.Scene.NODE2;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HistoryTest {
    @TempDir
    Path directory;

    private final Scene scene = new Scene();

    private static Scene bounded(HistoryLimits limits) {
        return new Scene(new Catalog(new MemoryStore(), limits));
    }

    private static List<HistoryRecord> history(Scene of, String path) {
        return of.catalog.read(view -> view.history(RelativePath.of(path), 10_000));
    }

    private List<HistoryRecord> history(String path) {
        return history(scene, path);
    }

    private static List<String> lines(List<HistoryRecord> records) {
        return records.stream()
                .map(line -> line.revision() + " " + line.what()
                        + line.path().map(path -> " " + path).orElse("")
                        + (line.isCurrent() ? " now" : ""))
                .toList();
    }

    private static List<String> texts(List<HistoryRecord> records) {
        return records.stream()
                .map(line -> line.state().isPresent() && line.state().get().content() instanceof Content.File file
                        ? List.of("one", "two", "three").stream()
                                .filter(text -> Scene.content(text).equals(file))
                                .findFirst()
                                .orElse("?")
                        : "-")
                .toList();
    }

    private static void edit(Scene of, String path, String text) {
        of.outcome(NODE2, of.edit(of.at(path), text));
    }

    @Test
    void everyRevisionIsToldNewestFirstWithItsContent() {
        scene.file("a", "one");
        edit(scene, "a", "two");
        edit(scene, "a", "three");

        assertThat(lines(history("a"))).containsExactly("3.0 EDITED now", "2.0 EDITED", "1.0 CREATED");
        assertThat(texts(history("a"))).containsExactly("three", "two", "one");
        assertThat(history("a").stream().map(line -> line.by().node())).containsExactly(NODE2, NODE2, NODE1);
        assertThat(history("a").getLast().superseded().orElseThrow().by()).isEqualTo(new Revision(2, 0));
    }

    @Test
    void whatWasCurrentIsRememberedWithTheAttributesItHadAtLast() {
        Entry file = scene.file("a", "one");
        scene.outcome(NODE1, Scene.mode(file, 0600));
        edit(scene, "a", "two");

        HistoryRecord first = history("a").getLast();
        assertThat(first.state().orElseThrow().attributes().mode()).isEqualTo(0600);
        assertThat(first.state().orElseThrow().contentRevision()).isEqualTo(new Revision(1, 0));
    }

    @Test
    void aDeletedFileIsFoundByItsLastPath() {
        scene.file("d/a", "one");
        scene.outcome(NODE2, scene.delete(scene.at("d/a")));
        scene.outcome(NODE2, scene.delete(scene.at("d")));

        assertThat(lines(history("d/a"))).containsExactly("2.0 DELETED d/a", "1.0 CREATED");
        assertThat(texts(history("d/a"))).containsExactly("-", "one");
        assertThat(history("d")).isEmpty();
        assertThat(scene.catalog.<List<RelativePath>>read(view -> view.deletedBelow(RelativePath.ROOT, 9)))
                .containsExactly(RelativePath.of("d/a"));
        assertThat(scene.catalog.<List<RelativePath>>read(view -> view.deletedBelow(RelativePath.of("d"), 9)))
                .containsExactly(RelativePath.of("d/a"));
    }

    @Test
    void whatIsMadeAnewAtAPathHasThePathsWholeHistory() {
        scene.file("a", "one");
        scene.outcome(NODE1, scene.delete(scene.at("a")));
        scene.file("a", "two");

        assertThat(lines(history("a"))).containsExactly("3.0 CREATED now", "2.0 DELETED a", "1.0 CREATED");
        assertThat(scene.catalog.<List<RelativePath>>read(view -> view.deletedBelow(RelativePath.ROOT, 9)))
                .isEmpty();
    }

    @Test
    void theHistoryFollowsAMove() {
        Entry file = scene.file("a", "one");
        scene.outcome(NODE1, scene.move(file, "d/b"));

        assertThat(history("a")).isEmpty();
        assertThat(lines(history("d/b"))).containsExactly("2.0 MOVED a now", "1.0 CREATED");
        assertThat(history("d/b").getFirst().state().orElseThrow().contentRevision())
                .isEqualTo(new Revision(1, 0));
    }

    @Test
    void aMoveThatMadeACycleLeavesNoTrace() {
        Entry outer = scene.directory("a");
        scene.file("a/b/c", "one");
        scene.outcome(NODE1, scene.move(outer, "a/b/d"));

        assertThat(lines(history("a/b/c"))).containsExactly("2.0 CREATED now");
    }

    @Test
    void aConflictCopySaysSo() {
        Entry file = scene.file("a", "one");
        edit(scene, "a", "two");
        scene.outcome(NODE1, scene.edit(file, "three"));

        assertThat(lines(history(Scene.conflict("a", NODE1, "three")))).containsExactly("3.0 CONFLICT_COPY now");
        assertThat(lines(history("a"))).containsExactly("2.0 EDITED now", "1.0 CREATED");
    }

    @Test
    void attributesAloneAreNoHistory() {
        Entry file = scene.file("a", "one");
        scene.outcome(NODE1, Scene.mtime(file, 5));
        scene.directory("d");

        assertThat(lines(history("a"))).containsExactly("1.0 CREATED now");
        assertThat(history("d")).isEmpty();
        assertThat(scene.catalog.<Long>read(Catalog.View::historyRecords)).isZero();
    }

    @Test
    void severalEditsInOneProposalAreSeveralRevisions() {
        Entry file = scene.file("a", "one");
        Change.Put first = scene.edit(file, "two");
        Change.Put second =
                new Change.Put(first.place(), first.entry(), new Revision(2, 0), Scene.content("three"), Scene.PLAIN);
        scene.offer(NODE1, first, second);

        assertThat(lines(history("a"))).containsExactly("2.1 EDITED now", "2.0 EDITED", "1.0 CREATED");
        assertThat(texts(history("a"))).containsExactly("three", "two", "one");
    }

    @Test
    void theProposersClockIsToldAndDecidesNothing() {
        Change create = scene.create("a", "one");
        Scene other = new Scene();
        scene.offer(new Proposal(new OperationId(NODE1, 1, 1), List.of(create), List.of(), 1_234_567));
        other.offer(new Proposal(new OperationId(NODE1, 1, 1), List.of(create), List.of(), -5));

        assertThat(history("a").getFirst().by().clockMillis()).isEqualTo(1_234_567);
        assertThat(history(other, "a").getFirst().by().clockMillis()).isEqualTo(-5);
        assertThat(other.at("a")).isEqualTo(scene.at("a"));
    }

    // --- limits ---

    @Test
    void theOldestOfAnEntryGoesBeyondItsLimit() {
        Scene bounded = bounded(new HistoryLimits(3, 100, 1_000));
        bounded.file("a", "0");
        for (int i = 1; i <= 20; i++) {
            edit(bounded, "a", "text " + i);
        }

        assertThat(lines(history(bounded, "a")))
                .containsExactly("21.0 EDITED now", "20.0 EDITED", "19.0 EDITED", "18.0 EDITED");
        assertThat(bounded.catalog.<Long>read(Catalog.View::historyRecords)).isEqualTo(3);
    }

    @Test
    void theFirstDeletedOfAPathGoesBeyondItsLimit() {
        Scene bounded = bounded(new HistoryLimits(100, 2, 1_000));
        Entry old = bounded.file("elsewhere", "old");
        for (int i = 0; i < 5; i++) {
            bounded.file("a", "text " + i);
            bounded.outcome(NODE1, bounded.delete(bounded.at("a")));
        }
        // Made first, deleted last.
        bounded.outcome(NODE1, bounded.move(old, "a"));
        bounded.outcome(NODE1, bounded.delete(bounded.at("a")));

        assertThat(lines(history(bounded, "a")))
                .containsExactly(
                        "13.0 DELETED a", "12.0 MOVED elsewhere", "11.0 DELETED a", "10.0 CREATED", "1.0 CREATED");
    }

    @Test
    void whatWasSupersededFirstGoesBeyondTheTotal() {
        Scene bounded = bounded(new HistoryLimits(100, 100, 4));
        bounded.file("old", "one");
        bounded.file("gone", "one");
        bounded.outcome(NODE1, bounded.delete(bounded.at("gone")));
        for (int i = 1; i <= 3; i++) {
            edit(bounded, "old", "text " + i);
        }

        assertThat(history(bounded, "gone").stream().map(HistoryRecord::what))
                .containsExactly(HistoryRecord.What.DELETED);
        edit(bounded, "old", "text 4");
        assertThat(history(bounded, "gone")).isEmpty();
        assertThat(history(bounded, "old")).hasSize(5);
        edit(bounded, "old", "text 5");
        assertThat(history(bounded, "old")).hasSize(5);
        assertThat(bounded.catalog.<Long>read(Catalog.View::historyRecords)).isEqualTo(4);
    }

    @Test
    void aReleaseIsRememberedAsLongAsItsRecord() {
        Scene bounded = bounded(new HistoryLimits(100, 1, 100));
        bounded.file(".lockstepignore", "a");
        Entry first = bounded.file("a", "one");
        bounded.outcome(NODE1, bounded.release(first, "a"));

        assertThat(lines(history(bounded, "a"))).containsExactly("3.0 RELEASED a", "2.0 CREATED");
        assertThat(bounded.catalog.<Boolean>read(view -> view.isReleased(first.id())))
                .isTrue();

        Entry second = bounded.file("a", "two");
        bounded.outcome(NODE1, bounded.delete(second));
        assertThat(bounded.catalog.<Boolean>read(view -> view.isReleased(first.id())))
                .isFalse();
        assertThat(bounded.catalog.<Boolean>read(view -> view.isReleased(second.id())))
                .isFalse();
    }

    /// H05.
    @Test
    void aHundredThousandVersionsTakeBoundedRoom() throws IOException {
        Entry file = scene.file("a", "0");
        for (int i = 1; i <= 100_000; i++) {
            scene.outcome(NODE1, scene.edit(file, "text " + i));
            file = scene.entry(file.id());
        }
        Path snapshot = directory.resolve("snapshot");
        try (Catalog.Pinned pinned = scene.catalog.pin()) {
            pinned.writeTo(snapshot);
        }

        assertThat(history("a")).hasSize(HistoryLimits.DEFAULT.perEntryMax() + 1);
        assertThat(Files.size(snapshot)).isLessThan(1 << 20);
    }

    @Test
    void aRevisionIsFoundWhereverItStoodAtThePath() {
        scene.file("a", "one");
        scene.outcome(NODE1, scene.delete(scene.at("a")));
        scene.file("a", "two");
        edit(scene, "a", "three");

        for (HistoryRecord line : history("a")) {
            assertThat(scene.catalog.<Optional<HistoryRecord>>read(
                            view -> view.history(RelativePath.of("a"), line.revision())))
                    .contains(line);
        }
        assertThat(scene.catalog.<Optional<HistoryRecord>>read(
                        view -> view.history(RelativePath.of("a"), new Revision(9, 0))))
                .isEmpty();
        assertThat(scene.catalog.<List<HistoryRecord>>read(view -> view.history(RelativePath.of("a"), 2)))
                .isEqualTo(history("a").subList(0, 2));
    }

    @Test
    void recordsAreWalkedInTheOrderInWhichTheyWereSuperseded() {
        scene.file("a", "one");
        scene.file("b", "one");
        edit(scene, "b", "two");
        edit(scene, "a", "two");
        scene.outcome(NODE1, scene.delete(scene.at("b")));

        List<HistoryRecord> all = scene.catalog.read(view -> view.superseded(null, 10));
        assertThat(lines(all)).containsExactly("2.0 CREATED", "1.0 CREATED", "3.0 EDITED", "5.0 DELETED b");
        List<HistoryRecord> first = scene.catalog.read(view -> view.superseded(null, 2));
        List<HistoryRecord> rest = scene.catalog.read(view -> view.superseded(first.getLast(), 10));
        assertThat(first).isEqualTo(all.subList(0, 2));
        assertThat(rest).isEqualTo(all.subList(2, 4));
    }

    @Test
    void aSnapshotCarriesTheHistory() throws IOException {
        scene.file("a", "one");
        edit(scene, "a", "two");
        scene.file("d/gone", "three");
        scene.outcome(NODE1, scene.delete(scene.at("d/gone")));
        Path file = directory.resolve("snapshot");
        try (Catalog.Pinned pinned = scene.catalog.pin()) {
            pinned.writeTo(file);
        }
        Scene installed = new Scene();
        installed.file("a", "other");
        installed.catalog.install(file, 9);

        for (String path : List.of("a", "d/gone")) {
            assertThat(history(installed, path)).isNotEmpty().isEqualTo(history(path));
        }
        assertThat(installed.catalog.<Long>read(Catalog.View::historyRecords)).isEqualTo(3);
    }

    @Test
    void aLongPathIsForgottenWithItsDeletion() {
        String deep = String.join("/", java.util.Collections.nCopies(20, "x".repeat(250)));
        scene.file(deep, "one");
        scene.outcome(NODE1, scene.delete(scene.at(deep)));

        assertThat(history(deep)).isEmpty();
        assertThat(scene.catalog.<Long>read(Catalog.View::historyRecords)).isZero();
    }

    @Test
    void anOverlayIsReadAsIfItWereStored() {
        MemoryStore store = new MemoryStore();
        store.commit(new OrderedStore.Batch()
                .put(Bytes.utf8("b"), Bytes.utf8("1"))
                .put(Bytes.utf8("d"), Bytes.utf8("1"))
                .put(Bytes.utf8("f"), Bytes.utf8("1")));
        Overlay overlay = new Overlay(store.records());
        overlay.put(Bytes.utf8("a"), Bytes.utf8("2"));
        overlay.put(Bytes.utf8("d"), Bytes.utf8("2"));
        overlay.delete(Bytes.utf8("b"));
        overlay.put(Bytes.utf8("e"), Bytes.utf8("2"));
        overlay.put(Bytes.utf8("g"), Bytes.utf8("2"));
        overlay.put(Bytes.utf8("z"), Bytes.utf8("2"));

        StringBuilder seen = new StringBuilder();
        overlay.scan(Bytes.utf8("a"), Bytes.utf8("z"), (key, value) -> {
            seen.append(key.toUtf8()).append(value.toUtf8()).append(' ');
            return !key.toUtf8().equals("f");
        });
        assertThat(seen.toString()).isEqualTo("a2 d2 e2 f1 ");
        assertThat(overlay.get(Bytes.utf8("b"))).isNull();
    }
}
