package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.Held;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Change;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two names of one file on this node. The others know two files.
final class HardLinksTest {
    @TempDir
    private Path home;

    private SoloFolder solo;
    private Path one;
    private Path other;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        one = Files.writeString(solo.folder.resolve("a"), "content");
        other = Files.createLink(solo.folder.resolve("b"), one);
        Files.setPosixFilePermissions(one, PosixFilePermissions.fromString("rw-r--r--"));
        solo.start();
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    @Test
    void modeSetElsewhereReachesOneNameOnly() throws Exception {
        long before = solo.logIndex();
        solo.peerCommits(new Change.SetAttributes(solo.entry("a").id(), OptionalInt.of(0755), OptionalLong.empty()));
        Awaitility.await().until(() -> Files.isExecutable(one));
        solo.awaitSettled();
        assertThat(Files.isExecutable(other)).isFalse();
        assertThat(solo.logIndex()).as("nothing is proposed").isEqualTo(before + 1);
        assertThat(solo.files()).isEqualTo(Map.of("a", "content", "b", "content"));
        assertThat(solo.names("staged")).isEmpty();
        assertThat(solo.names("history")).as("the content is not old").isEmpty();
    }

    @Test
    void timeSetElsewhereReachesOneNameOnly() throws Exception {
        long before = solo.logIndex();
        FileTime time = Files.getLastModifiedTime(other);
        FileTime then = FileTime.from(1_234_567_890_123_456_789L, TimeUnit.NANOSECONDS);
        solo.peerCommits(new Change.SetAttributes(
                solo.entry("a").id(), OptionalInt.empty(), OptionalLong.of(then.to(TimeUnit.NANOSECONDS))));
        Awaitility.await().until(() -> Files.getLastModifiedTime(one).equals(then));
        solo.awaitSettled();
        assertThat(Files.getLastModifiedTime(other)).isEqualTo(time);
        assertThat(solo.logIndex()).as("nothing is proposed").isEqualTo(before + 1);
    }

    @Test
    void contentPlacedThroughOneNameLeavesTheOtherOneKnown() throws Exception {
        long before = solo.logIndex();
        solo.peerEdits("a", "new");
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> isKnownAsItIs("b"));
        solo.awaitSettled();
        assertThat(solo.files()).isEqualTo(Map.of("a", "new", "b", "content"));
        assertThat(solo.logIndex()).as("nothing is proposed").isEqualTo(before + 1);
        assertThat(solo.names("staged")).isEmpty();
    }

    @Test
    void deletionOfOneNameElsewhereLeavesTheOtherOneKnown() throws Exception {
        solo.peerDeletes("a");
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !Files.exists(one) && isKnownAsItIs("b"));
        solo.awaitSettled();
        assertThat(solo.files()).isEqualTo(Map.of("b", "content"));
        Files.writeString(other, "edited");
        solo.awaitSettled();
        assertThat(solo.files()).isEqualTo(Map.of("b", "edited"));
    }

    /// Without comparing the whole folder.
    private boolean isKnownAsItIs(String name) throws IOException {
        try (NativeFolderRoot root = NativeFolderRoot.open(solo.folder)) {
            Stamp stamp = root.stat(RelativePath.of(name));
            Held held = solo.index.find(RelativePath.of(name));
            return stamp != null && held != null && stamp.links() == 1 && stamp.isUnchangedSince(held.stamp());
        }
    }
}
