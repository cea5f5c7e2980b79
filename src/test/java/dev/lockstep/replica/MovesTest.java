package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What was renamed keeps its entry, also while an earlier rename is on its way: nothing in it is taken for deleted, or
/// for an edit of what stood there before.
final class MovesTest {
    private static final int TURNS = 20;

    @TempDir
    private Path home;

    private SoloFolder solo;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        for (String directory : new String[] {"p", "q"}) {
            Files.createDirectory(solo.folder.resolve(directory));
            Files.writeString(solo.folder.resolve(directory + "/f"), "in " + directory);
        }
        solo.start();
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    @Test
    void directoriesSwappedWhileTheFirstRenameIsOnItsWayKeepTheirEntries() throws Exception {
        Entry inP = solo.entry("p/f");
        Entry inQ = solo.entry("q/f");
        CompletableFuture<Void> held = solo.holdOffers();
        int before = solo.offers();
        rename("p", "t");
        lookAround();
        Awaitility.await().until(() -> solo.offers() > before);
        rename("q", "p");
        rename("t", "q");
        lookAround();
        held.complete(null);
        solo.awaitSettled();

        assertSame("q/f", inP);
        assertSame("p/f", inQ);
        assertThat(solo.files()).containsEntry("q/f", "in p").containsEntry("p/f", "in q");
    }

    @Test
    void directoryThatWaitsForItsPlaceIsNotDeleted() throws Exception {
        Entry inP = solo.entry("p/f");
        CompletableFuture<Void> held = solo.holdOffers();
        int before = solo.offers();
        Files.writeString(solo.folder.resolve("q/g"), "on its way");
        lookAround();
        Awaitility.await().until(() -> solo.offers() > before);
        rename("q", "r");
        rename("p", "q");
        lookAround();
        held.complete(null);
        solo.awaitSettled();

        assertSame("q/f", inP);
        assertThat(solo.files()).containsKeys("r/f", "r/g");
    }

    @Test
    void directoryWhosePlaceAFileTookKeepsItsEntry() throws Exception {
        Entry directory = solo.entry("p");
        Entry inP = solo.entry("p/f");
        solo.stop();
        rename("p", "z");
        Files.writeString(solo.folder.resolve("p"), "a file");
        solo.start();

        assertThat(solo.entry("z").id()).isEqualTo(directory.id());
        assertSame("z/f", inP);
        assertThat(solo.entry("p").id()).isNotEqualTo(directory.id());
    }

    private void assertSame(String path, Entry before) {
        Entry now = solo.entry(path);
        assertThat(now.id()).isEqualTo(before.id());
        assertThat(now.content()).isEqualTo(before.content());
        assertThat(now.revision())
                .as("of its bytes, which were never another entry's")
                .isEqualTo(before.revision());
    }

    /// As a start or an overflow does, while nothing is committed.
    private void lookAround() {
        CompletableFuture<Void> _ = solo.replica().barrier(true);
        for (int turn = 0; turn < TURNS; turn++) {
            solo.replica().status().orTimeout(20, TimeUnit.SECONDS).join();
        }
    }

    private void rename(String from, String to) throws IOException {
        Files.move(solo.folder.resolve(from), solo.folder.resolve(to));
    }
}
