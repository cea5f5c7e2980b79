package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.materialize.StagedName;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a kill left between the folder and the state directory.
final class LeftoversTest {
    private static final StagedName.Unique UNIQUE = new StagedName.Unique(1, 9);

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

    @Test
    void bytesAreJudgedByTheNameTheyLieUnder() {
        String one = StagedName.print(SoloFolder.file("one"));
        String two = StagedName.print(SoloFolder.file("two"));
        String other = StagedName.print(SoloFolder.file("other"));
        EntryId id = new EntryId(4);
        Revision base = new Revision(3, 0);
        Revision next = new Revision(5, 0);
        StagedName place = StagedName.place(id, base, one, next, two, UNIQUE);
        StagedName fresh = StagedName.place(id, Revision.NONE, StagedName.NOTHING, next, two, UNIQUE);
        StagedName gone = StagedName.gone(id, base, one, UNIQUE);
        assertThat(Leftovers.judge(place, two)).isEqualTo(Leftovers.Verdict.PLACED);
        assertThat(Leftovers.judge(place, one)).isEqualTo(Leftovers.Verdict.BASE);
        assertThat(Leftovers.judge(place, other)).isEqualTo(Leftovers.Verdict.EDIT);
        assertThat(Leftovers.judge(fresh, two)).isEqualTo(Leftovers.Verdict.PLACED);
        assertThat(Leftovers.judge(fresh, other)).isEqualTo(Leftovers.Verdict.TORN);
        assertThat(Leftovers.judge(gone, one)).isEqualTo(Leftovers.Verdict.BASE);
        assertThat(Leftovers.judge(gone, other)).isEqualTo(Leftovers.Verdict.EDIT);
        assertThat(Leftovers.judge(StagedName.edit(id, base, UNIQUE), other)).isEqualTo(Leftovers.Verdict.EDIT);
    }

    @Test
    void editDisplacedAtTheMomentOfTheKillBecomesConflictCopy() throws Exception {
        StagedName name = killedWhileReplacing();
        // The exchange has happened: the new revision stands in the folder, the edit came out.
        Files.writeString(solo.folder.resolve("a"), "two");
        leave(name, "edit");
        solo.start();
        assertThat(solo.files()).containsEntry("a", "two").hasSize(2).containsValue("edit");
        assertThat(solo.conflictCopies()).hasSize(1);
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void largeDisplacedEditBecomesConflictCopy() throws Exception {
        StagedName name = killedWhileReplacing();
        Files.writeString(solo.folder.resolve("a"), "two");
        String large = "large".repeat(FolderReplica.INLINE_BYTES_MAX);
        leave(name, large);
        solo.start();
        assertThat(solo.files()).containsEntry("a", "two").hasSize(2).containsValue(large);
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void displacedEditOfTheCurrentRevisionBecomesTheNextOne() throws Exception {
        Entry one = committed("a", "one");
        leave(StagedName.edit(one.id(), one.revision(), UNIQUE), "edit");
        solo.start();
        assertThat(solo.files()).isEqualTo(Map.of("a", "edit"));
        assertThat(solo.entry("a").id()).isEqualTo(one.id());
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void displacedLinkIsAnEditToo() throws Exception {
        StagedName name = killedWhileReplacing();
        Files.writeString(solo.folder.resolve("a"), "two");
        Files.createSymbolicLink(staged(name), Path.of("elsewhere"));
        solo.start();
        assertThat(solo.conflictCopies())
                .extracting(Entry::content)
                .containsExactly(new Content.Symlink(Bytes.utf8("elsewhere")));
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void replacedRevisionBecomesHistory() throws Exception {
        StagedName name = killedWhileReplacing();
        Files.writeString(solo.folder.resolve("a"), "two");
        leave(name, "one");
        solo.start();
        assertThat(solo.files()).isEqualTo(Map.of("a", "two"));
        assertThat(solo.names("history"))
                .containsExactly(Digest.of(Bytes.utf8("one")).toString());
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void revisionThatWasNotYetExchangedIsPlacedFromWhereItLies() throws Exception {
        StagedName name = killedWhileReplacing();
        leave(name, "two");
        solo.start();
        assertThat(solo.files()).isEqualTo(Map.of("a", "two"));
        assertThat(solo.names("staged")).isEmpty();
        assertThat(solo.names("history"))
                .containsExactly(Digest.of(Bytes.utf8("one")).toString());
    }

    @Test
    void tornPartOfNewRevisionIsRemoved() throws Exception {
        Entry one = committed("a", "one");
        StagedName name = StagedName.place(
                new EntryId(one.id().value() + 1),
                Revision.NONE,
                StagedName.NOTHING,
                new Revision(99, 0),
                StagedName.print(SoloFolder.file("whole")),
                UNIQUE);
        leave(name, "who");
        solo.start();
        assertThat(solo.files()).isEqualTo(Map.of("a", "one"));
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void editOfWhatWasDeletedAtThatMomentSurvivesUnderItsName() throws Exception {
        Entry one = committed("a", "one");
        solo.peerDeletes("a");
        Files.delete(solo.folder.resolve("a"));
        leave(StagedName.gone(one.id(), one.revision(), StagedName.print(one.content()), UNIQUE), "edit");
        solo.start();
        assertThat(solo.files()).isEqualTo(Map.of("a", "edit"));
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void displacedDirectoryIsBackInTheFolder() throws Exception {
        StagedName name = killedWhileReplacing();
        Files.writeString(solo.folder.resolve("a"), "two");
        Files.writeString(Files.createDirectory(staged(name)).resolve("f"), "in it");
        solo.start();
        assertThat(solo.files()).containsEntry("a", "two").hasSize(2).containsValue("in it");
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void noteOfAnEditThatIsGoneIsRemoved() throws Exception {
        Entry one = committed("a", "one");
        Name edit = StagedName.edit(one.id(), one.revision(), UNIQUE).toName();
        Files.createSymbolicLink(solo.state.resolve("staged").resolve(edit + ".at"), Path.of("a"));
        solo.start();
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void editIsKeptAtItsNotedPathWhenItsEntryIsForgotten() throws Exception {
        Entry one = committed("a", "one");
        solo.peerDeletes("a");
        solo.index.remove(one.id());
        Files.delete(solo.folder.resolve("a"));
        StagedName name = StagedName.edit(one.id(), one.revision(), UNIQUE);
        leave(name, "edit");
        Files.createSymbolicLink(solo.state.resolve("staged").resolve(name.toName() + ".at"), Path.of("a"));
        solo.start();
        assertThat(solo.files()).isEqualTo(Map.of("a", "edit"));
    }

    private Entry committed(String path, String content) throws Exception {
        Files.writeString(solo.folder.resolve(path), content);
        solo.start();
        Entry entry = solo.entry(path);
        solo.stop();
        return entry;
    }

    /// Revision "two" of the file "a" was about to replace revision "one".
    private StagedName killedWhileReplacing() throws Exception {
        Entry one = committed("a", "one");
        Entry two = solo.peerEdits("a", "two");
        return StagedName.place(
                one.id(),
                one.revision(),
                StagedName.print(one.content()),
                two.revision(),
                StagedName.print(two.content()),
                UNIQUE);
    }

    private Path staged(StagedName name) {
        return solo.state.resolve("staged").resolve(name.toName().toString());
    }

    private void leave(StagedName name, String content) throws IOException {
        Files.writeString(staged(name), content);
    }
}
