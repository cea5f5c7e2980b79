package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.Held;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.Name;
import dev.lockstep.model.Place;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a power loss leaves in a folder. A disk cannot be made to forget on request, and no program can set back a
/// ctime: so the file is damaged by hand, and its record is given a ctime that is not earlier.
final class DamageTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String WHOLE = "the whole content of the file";

    @TempDir
    private Path home;

    private SoloFolder solo;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    // --- records that survived ---

    @Test
    void emptyFileIsPlacedAgainAndNeverProposed() throws Exception {
        committed("f", WHOLE);
        long logIndex = solo.catalog.appliedIndex();
        damage("f", "");
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("f", WHOLE));
        assertThat(solo.catalog.appliedIndex()).isEqualTo(logIndex);
    }

    @Test
    void shortFileIsPlacedAgainAndItsBytesAreHistory() throws Exception {
        committed("f", WHOLE);
        damage("f", "the wh");
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("f", WHOLE));
        assertThat(solo.names("history")).contains(digest("the wh"));
    }

    @Test
    void staleBytesUnderTheRecordedStampArePlacedAgain() throws Exception {
        committed("f", WHOLE);
        Path file = solo.folder.resolve("f");
        Files.writeString(file, WHOLE.toUpperCase(Locale.ROOT));
        Held held = held(solo.entry("f"));
        Stamp now = stamp("f");
        solo.index.put(new Held(held.entry().withAttributes(attributes(now)), now));
        long logIndex = solo.catalog.appliedIndex();
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("f", WHOLE));
        assertThat(solo.catalog.appliedIndex()).isEqualTo(logIndex);
    }

    @Test
    void missingFileIsPlacedAgain() throws Exception {
        committed("f", WHOLE);
        committed("g", "other");
        Files.delete(solo.folder.resolve("f"));
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("f", WHOLE, "g", "other"));
    }

    @Test
    void missingDirectoryIsPlacedAgainWithAllInIt() throws Exception {
        Files.createDirectories(solo.folder.resolve("d/e"));
        committed("d/e/f", WHOLE);
        Files.delete(solo.folder.resolve("d/e/f"));
        Files.delete(solo.folder.resolve("d/e"));
        Files.delete(solo.folder.resolve("d"));
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("d/e/f", WHOLE));
    }

    @Test
    void renameThatWasTakenBackIsDoneAgain() throws Exception {
        committed("f", WHOLE);
        solo.start();
        Files.move(solo.folder.resolve("f"), solo.folder.resolve("g"));
        solo.awaitSettled();
        solo.stop();
        Entry entry = solo.entry("g");
        Files.move(solo.folder.resolve("g"), solo.folder.resolve("f"));
        backdate("f", entry);
        long logIndex = solo.catalog.appliedIndex();
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("g", WHOLE));
        assertThat(solo.catalog.appliedIndex()).isEqualTo(logIndex);
    }

    @Test
    void attributesThatWereTakenBackAreSetAgain() throws Exception {
        committed("f", WHOLE);
        Entry entry = solo.entry("f");
        Path file = solo.folder.resolve("f");
        Files.setLastModifiedTime(file, FileTime.from(1, TimeUnit.SECONDS));
        backdate("f", entry);
        long logIndex = solo.catalog.appliedIndex();
        solo.startAfterPowerLoss(0);
        assertThat(attributes(stamp("f"))).isEqualTo(entry.attributes());
        assertThat(solo.catalog.appliedIndex()).isEqualTo(logIndex);
    }

    @Test
    void laterChangeIsAnEdit() throws Exception {
        committed("f", WHOLE);
        Files.writeString(solo.folder.resolve("f"), "the wh");
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("f", "the wh"));
        assertThat(solo.entry("f").content()).isEqualTo(SoloFolder.file("the wh"));
    }

    @Test
    void whatWasDurableBeforeIsNotJudged() throws Exception {
        committed("f", WHOLE);
        solo.start();
        assertThat(solo.replica().syncPoint(solo.catalog.appliedIndex())).succeedsWithin(PATIENCE);
        solo.stop();
        Files.delete(solo.folder.resolve("f"));
        solo.startAfterPowerLoss(solo.catalog.appliedIndex());
        assertThat(solo.files()).isEmpty();
        assertThat(entries()).isZero();
    }

    @Test
    void killIsNoPowerLoss() throws Exception {
        committed("f", WHOLE);
        damage("f", "");
        solo.start();
        assertThat(solo.files()).isEqualTo(Map.of("f", ""));
    }

    // --- records that are lost, too ---

    @Test
    void tornNewFileWithoutRecordIsPlacedAgain() throws Exception {
        peerCreates("f", WHOLE);
        Files.write(solo.folder.resolve("f"), new byte[] {'t', 'h', 'e', 0, 0, 0});
        long logIndex = solo.catalog.appliedIndex();
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("f", WHOLE));
        assertThat(solo.catalog.appliedIndex()).isEqualTo(logIndex);
    }

    @Test
    void tornReplacementWithoutRecordIsPlacedAgain() throws Exception {
        committed("f", "one");
        solo.peerEdits("f", WHOLE);
        Files.writeString(solo.folder.resolve("f"), "the who");
        long logIndex = solo.catalog.appliedIndex();
        solo.startAfterPowerLoss(1);
        assertThat(solo.files()).isEqualTo(Map.of("f", WHOLE));
        assertThat(solo.catalog.appliedIndex()).isEqualTo(logIndex);
    }

    @Test
    void tornFileOfWhatWasDeletedMeanwhileIsNotBroughtBack() throws Exception {
        peerCreates("f", WHOLE);
        solo.peerDeletes("f");
        Files.writeString(solo.folder.resolve("f"), "");
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEmpty();
        assertThat(entries()).isZero();
    }

    @Test
    void editOfNewFileWithoutRecordIsKept() throws Exception {
        peerCreates("f", WHOLE);
        Files.writeString(solo.folder.resolve("f"), "something else");
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).containsEntry("f", WHOLE).hasSize(2).containsValue("something else");
    }

    /// The record of the file and the proposal of its last edit were lost with the power.
    @Test
    void editWithoutRecordOfItsBaseIsTheNextRevision() throws Exception {
        committed("f", "one");
        Entry one = solo.entry("f");
        solo.index.remove(one.id());
        Files.writeString(solo.folder.resolve("f"), "two, which was synced");
        solo.startAfterPowerLoss(0);
        assertThat(solo.files()).isEqualTo(Map.of("f", "two, which was synced"));
        assertThat(solo.entry("f").id()).isEqualTo(one.id());
    }

    @Test
    void wholeOlderRevisionWithoutRecordIsNoConflict() throws Exception {
        committed("f", "one");
        solo.peerEdits("f", "two");
        solo.peerEdits("f", "three");
        Files.writeString(solo.folder.resolve("f"), "two");
        solo.startAfterPowerLoss(solo.catalog.appliedIndex());
        assertThat(solo.files()).isEqualTo(Map.of("f", "three"));
    }

    // --- by hand ---

    private void committed(String path, String content) throws Exception {
        Files.writeString(solo.folder.resolve(path), content);
        solo.start();
        solo.stop();
    }

    private void damage(String path, String content) throws IOException {
        Entry entry = solo.entry(path);
        Files.writeString(solo.folder.resolve(path), content, StandardOpenOption.TRUNCATE_EXISTING);
        backdate(path, entry);
    }

    /// Makes the record of an entry at least as young as what happened to its file since.
    private void backdate(String path, Entry entry) throws IOException {
        Held held = held(entry);
        Stamp now = stamp(path);
        Stamp was = held.stamp();
        solo.index.put(held.withStamp(new Stamp(
                was.kind(),
                was.device(),
                was.inode(),
                was.birthNanos(),
                was.sizeBytes(),
                was.mtimeNanos(),
                now.ctimeNanos(),
                was.mode(),
                was.links(),
                was.owner())));
    }

    private Held held(Entry entry) {
        return Objects.requireNonNull(solo.index.held(entry.id()));
    }

    private Stamp stamp(String path) throws IOException {
        try (var root = NativeFolderRoot.open(solo.folder)) {
            return Objects.requireNonNull(root.stat(RelativePath.of(path)));
        }
    }

    private static Attributes attributes(Stamp stamp) {
        return FolderScanner.attributesOf(stamp);
    }

    private long entries() {
        return solo.catalog.read(view -> view.entries());
    }

    private void peerCreates(String name, String content) {
        Content.File file = SoloFolder.file(content);
        solo.peerCommits(
                new Change.Put(
                        new Place(List.of(), Name.of(name)),
                        Optional.empty(),
                        Revision.NONE,
                        file,
                        new Attributes(0644, 1_000_000_000L)),
                content);
    }

    private static String digest(String content) {
        return Digest.of(Bytes.utf8(content)).toString();
    }
}
