package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Changes of mode and mtime that meet something else.
final class AttributeChangesTest {
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
    void modeOfWhatWasDeletedElsewhereIsProposedOnceAndTheFileGoes() throws Exception {
        Path file = Files.writeString(solo.folder.resolve("a"), "one");
        solo.start();
        solo.stop();
        solo.peerDeletes("a");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        long before = solo.logIndex();
        solo.start();
        assertThat(solo.files()).isEmpty();
        assertThat(solo.logIndex()).isLessThanOrEqualTo(before + 1);
    }

    @Test
    void timeOfWhatWasDeletedElsewhereIsProposedOnceAndTheFileGoes() throws Exception {
        Path file = Files.writeString(solo.folder.resolve("a"), "one");
        solo.start();
        solo.stop();
        solo.peerDeletes("a");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_234_567));
        long before = solo.logIndex();
        solo.start();
        assertThat(solo.files()).isEmpty();
        assertThat(solo.logIndex()).isLessThanOrEqualTo(before + 1);
    }
}
