package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.Errno;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Name;
import dev.lockstep.model.Place;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What stands on this node when the log may be cut.
final class SyncPointsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path home;

    private SoloFolder solo;
    private final FaultyRoot.Faults faults = new FaultyRoot.Faults();

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        solo.seen = root -> FaultyRoot.of(root, faults);
    }

    @AfterEach
    void close() throws Exception {
        faults.clear();
        solo.close();
    }

    @Test
    void whatCannotBePlacedYetIsStagedAndWhatGaveWayBeforeIsHistory() throws Exception {
        solo.start();
        new ProcessBuilder("mkfifo", solo.folder.resolve("f").toString())
                .start()
                .waitFor();
        peerCreates("f", "one");
        solo.peerEdits("f", "two");
        syncPoint();
        assertThat(solo.names("staged")).containsExactly(digest("two"));
        assertThat(solo.names("history")).containsExactly(digest("one"));
        for (int i = 0; i < 20; i++) {
            // Each look at the path is followed by another attempt to place the file.
            solo.replica().barrier(true).join();
            assertThat(solo.names("staged")).containsExactly(digest("two"));
        }

        Files.delete(solo.folder.resolve("f"));
        solo.awaitSettled();
        assertThat(solo.files()).containsEntry("f", "two");
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void stagedContentOutlivesAttemptsToPlaceIt() throws Exception {
        solo.start();
        faults.set("renameOut", Errno.NO_SPACE);
        peerCreates("f", "one");
        syncPoint();
        int met = faults.met();
        Awaitility.await().until(() -> faults.met() > met + 2);
        faults.clear();

        solo.awaitSettled();
        assertThat(solo.files()).containsEntry("f", "one");
    }

    @Test
    void whatProgramOverwroteSinceIsHistory() throws Exception {
        Path file = solo.folder.resolve("f");
        Files.writeString(file, "one");
        solo.start();
        Files.writeString(file, "edited since");
        syncPoint();
        assertThat(solo.names("history")).containsExactly(digest("one"));
    }

    @Test
    void whatStandsInTheFolderIsNotKeptTwice() throws Exception {
        Files.writeString(solo.folder.resolve("f"), "one");
        solo.start();
        peerCreates("g", "two");
        solo.awaitSettled();
        syncPoint();
        assertThat(solo.names("history")).isEmpty();
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void failedSyncIsNoSyncPoint() throws Exception {
        Files.writeString(solo.folder.resolve("f"), "one");
        solo.start();
        faults.set("syncfs", Errno.DEVICE_FAILED);
        long logIndex = solo.catalog.appliedIndex();
        assertThat(solo.replica().syncPoint(logIndex)).failsWithin(PATIENCE);
        assertThat(solo.replica().isSyncingFailing()).isTrue();
        assertThat(solo.index.marked()).containsExactly(solo.entry("f").id());

        faults.clear();
        assertThat(solo.replica().syncPoint(logIndex)).succeedsWithin(PATIENCE);
        assertThat(solo.replica().isSyncingFailing()).isFalse();
        assertThat(solo.index.marked()).isEmpty();
    }

    @Test
    void contentThatCannotBeKeptIsNoSyncPointAndHarmsNothing() throws Exception {
        solo.start();
        new ProcessBuilder("mkfifo", solo.folder.resolve("f").toString())
                .start()
                .waitFor();
        faults.set("createExclusive", Errno.NO_SPACE);
        peerCreates("f", "one");
        solo.peerEdits("f", "two");
        assertThat(solo.replica().syncPoint(solo.catalog.appliedIndex())).failsWithin(PATIENCE);
        solo.requireNoDefect();
        faults.clear();
        syncPoint();
        assertThat(solo.names("history")).containsExactly(digest("one"));
    }

    @Test
    void pointIsMadeByItselfWhenSomethingIsNotDurable() throws Exception {
        Files.writeString(solo.folder.resolve("f"), "one");
        solo.start();
        Awaitility.await().atMost(PATIENCE).until(() -> solo.index.marked().isEmpty());
    }

    @Test
    void recordsWrittenDuringTheSyncStayMarked() {
        solo.index.put(HeldSamples.file(1, "a"));
        long begun = solo.index.beginMarks();
        solo.index.put(HeldSamples.file(2, "b"));
        solo.index.endMarks(begun);
        assertThat(solo.index.marked()).containsExactly(HeldSamples.file(2, "b").id());
        assertThat(solo.index.hasMarks()).isTrue();
    }

    private void syncPoint() {
        assertThat(solo.replica().syncPoint(solo.catalog.appliedIndex())).succeedsWithin(PATIENCE);
    }

    private void peerCreates(String name, String content) {
        solo.peerCommits(
                new Change.Put(
                        new Place(List.of(), Name.of(name)),
                        Optional.empty(),
                        Revision.NONE,
                        SoloFolder.file(content),
                        new Attributes(0644, 1_000_000_000L)),
                content);
    }

    private static String digest(String content) {
        return Digest.of(Bytes.utf8(content)).toString();
    }
}
