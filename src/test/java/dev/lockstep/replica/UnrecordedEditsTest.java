package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node is killed after its edit was committed and before it has recorded that.
final class UnrecordedEditsTest {
    @TempDir
    private Path home;

    private SoloFolder solo;
    private Path file;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        file = solo.folder.resolve("f");
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    private void begin() throws IOException {
        Files.writeString(file, "first");
        solo.start();
    }

    /// The change is offered, the process dies, the change is committed.
    private void killedBeforeRecording(ThrowingAction change) throws Exception {
        CompletableFuture<Void> mayCommit = solo.holdOffers();
        int before = solo.offers();
        long logIndex = solo.logIndex();
        change.run();
        var _ = solo.replica().barrier(true);
        await(() -> solo.offers() > before);
        solo.stop();
        mayCommit.complete(null);
        await(() -> solo.logIndex() > logIndex);
    }

    private interface ThrowingAction {
        void run() throws IOException;
    }

    private static void await(java.util.concurrent.Callable<Boolean> condition) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(condition);
    }

    @Test
    void editMadeMeanwhileIsNoConflictWithTheOneBefore() throws Exception {
        begin();
        killedBeforeRecording(() -> Files.writeString(file, "second"));
        assertThat(solo.entry("f").content()).isEqualTo(SoloFolder.file("second"));
        Files.writeString(file, "third");
        solo.startAfterKill();
        assertThat(solo.entry("f").content()).isEqualTo(SoloFolder.file("third"));
        assertThat(solo.files()).isEqualTo(Map.of("f", "third"));
        assertThat(solo.conflictCopies()).isEmpty();
    }

    @Test
    void editOfANewFileIsNoConflictWithItsCreation() throws Exception {
        begin();
        Path added = solo.folder.resolve("g");
        killedBeforeRecording(() -> Files.writeString(added, "second"));
        Files.writeString(added, "third");
        solo.startAfterKill();
        assertThat(solo.files()).isEqualTo(Map.of("f", "first", "g", "third"));
        assertThat(solo.entry("g").content()).isEqualTo(SoloFolder.file("third"));
        assertThat(solo.conflictCopies()).isEmpty();
    }

    @Test
    void deletionMeanwhileIsNotOverruledByTheEditBefore() throws Exception {
        begin();
        killedBeforeRecording(() -> Files.writeString(file, "second"));
        Files.delete(file);
        solo.startAfterKill();
        assertThat(solo.files()).isEmpty();
    }

    @Test
    void editOfAPeerSinceStaysAConflict() throws Exception {
        begin();
        killedBeforeRecording(() -> Files.writeString(file, "second"));
        solo.peerEdits("f", "of a peer");
        Files.writeString(file, "third");
        solo.startAfterKill();
        assertThat(solo.entry("f").content()).isEqualTo(SoloFolder.file("of a peer"));
        assertThat(solo.conflictCopies()).hasSize(1);
        assertThat(solo.conflictCopies().getFirst().content()).isEqualTo(SoloFolder.file("third"));
    }

    @Test
    void untouchedFileStaysAsItWasCommitted() throws Exception {
        begin();
        killedBeforeRecording(() -> Files.writeString(file, "second"));
        int before = solo.offers();
        solo.startAfterKill();
        assertThat(solo.files()).isEqualTo(Map.of("f", "second"));
        assertThat(solo.offers()).isEqualTo(before);
    }
}
