package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.decay.Decay;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Bytes that went bad under stamps that did not change. The good ones come from history here; there are no peers.
class ScrubTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String GOOD = "good ".repeat(2000);

    private Path home;
    private SoloFolder solo;

    @BeforeEach
    void open() throws IOException {
        home = Files.createTempDirectory(Decay.memory(), "scrub");
        solo = new SoloFolder(home);
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
        try (Stream<Path> paths = Files.walk(home)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static String name(String content) {
        return Digest.of(Bytes.utf8(content)).toString();
    }

    private void keep(String content) throws IOException {
        Files.writeString(solo.state.resolve("history").resolve(name(content)), content);
    }

    private Scrub.Progress scrub() {
        solo.replica().scrub().start();
        Awaitility.await()
                .atMost(Duration.ofSeconds(50))
                .until(() -> !solo.replica().scrub().progress().isRunning());
        return solo.replica().scrub().progress();
    }

    /// A file that is replicated, and then has another byte.
    private Path spoilt() throws IOException {
        Path file = solo.folder.resolve("f");
        Files.writeString(file, GOOD);
        solo.start();
        try (Decay decay = new Decay(file)) {
            solo.awaitSettled();
            decay.spoil(7);
        }
        return file;
    }

    @Test
    void rottenFileIsPlacedAgainAndNeverProposed() throws Exception {
        Path file = spoilt();
        String rot = Files.readString(file);
        assertThat(rot).isNotEqualTo(GOOD);
        var before = solo.entry("f");
        keep(GOOD);
        solo.awaitSettled();
        assertThat(solo.entry("f")).as("a scan sees nothing").isEqualTo(before);

        Scrub.Progress progress = scrub();
        assertThat(progress.damaged()).singleElement().satisfies(one -> {
            assertThat(one.path()).isEqualTo(RelativePath.of("f"));
            assertThat(one.reason()).contains("placed again");
        });
        assertThat(progress.isAllRepaired()).isTrue();
        assertThat(progress.files()).isEqualTo(1);
        assertThat(progress.bytes()).isEqualTo(GOOD.length());
        assertThat(file).hasContent(GOOD);
        solo.awaitSettled();
        assertThat(solo.entry("f")).isEqualTo(before);
        assertThat(solo.conflictCopies()).isEmpty();
        assertThat(Files.readString(solo.state.resolve("history").resolve(name(rot))))
                .isEqualTo(rot);
        assertThat(Files.readString(solo.state.resolve("history").resolve(name(GOOD))))
                .isEqualTo(GOOD);
        assertThat(scrub().damaged()).isEmpty();
    }

    /// Without a good copy it stays damaged, and whatever touches the file does not make an edit of it.
    @Test
    void rotIsNoEditHoweverTheFileIsTouched() throws Exception {
        Path file = spoilt();
        var before = solo.entry("f");
        solo.replica().scrub().start();
        Awaitility.await()
                .atMost(SOON)
                .until(() -> !solo.replica().scrub().progress().damaged().isEmpty());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
        solo.replica().barrier(true).join();
        assertThat(solo.entry("f").content()).isEqualTo(before.content());
        keep(GOOD);
        Awaitility.await().atMost(SOON).until(() -> Files.readString(file).equals(GOOD));
        solo.awaitSettled();
        assertThat(solo.entry("f").content()).isEqualTo(before.content());
    }

    @Test
    void editOfRottenFileIsAnEdit() throws Exception {
        Path file = spoilt();
        solo.replica().scrub().start();
        Awaitility.await()
                .atMost(SOON)
                .until(() -> !solo.replica().scrub().progress().damaged().isEmpty());
        Files.writeString(file, "written anew");
        solo.awaitSettled();
        assertThat(solo.entry("f").content()).isEqualTo(SoloFolder.file("written anew"));
        assertThat(file).hasContent("written anew");
        assertThat(scrub().damaged()).isEmpty();
    }

    @Test
    void filesThatAreRightAreLeftAlone() throws Exception {
        Files.writeString(solo.folder.resolve("a"), "a");
        Files.writeString(solo.folder.resolve("empty"), "");
        Files.createDirectory(solo.folder.resolve("d"));
        Files.writeString(solo.folder.resolve("d/b"), "b".repeat(3_000_000));
        solo.start();
        List<Object> stamps = stamps();
        Scrub.Progress progress = scrub();
        assertThat(progress.files()).isEqualTo(progress.filesTotal()).isEqualTo(3);
        assertThat(progress.damaged()).isEmpty();
        assertThat(progress.unreadable()).isEmpty();
        assertThat(stamps()).isEqualTo(stamps);
    }

    private List<Object> stamps() throws IOException {
        return List.of(
                Files.getAttribute(solo.folder.resolve("a"), "unix:ctime"),
                Files.getAttribute(solo.folder.resolve("empty"), "unix:ctime"),
                Files.getAttribute(solo.folder.resolve("d/b"), "unix:ctime"));
    }
}
