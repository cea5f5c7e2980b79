package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a node placed itself is no edit: it proposes none of it.
final class EchoTest {
    @TempDir
    private Path home;

    @Test
    void whatWasPlacedIsNotProposed() throws Exception {
        SoloFolder solo = new SoloFolder(home);
        try {
            solo.start();
            int before = solo.offers();
            solo.peerCreates("f", "first");
            solo.awaitSettled();
            solo.peerEdits("f", "second");
            solo.peerCreates("g", "to be deleted");
            solo.awaitSettled();
            solo.peerDeletes("g");
            solo.awaitSettled();
            assertThat(solo.files()).containsOnlyKeys("f").containsEntry("f", "second");
            assertThat(solo.offers()).isEqualTo(before);
            Files.writeString(solo.folder.resolve("f"), "an edit");
            solo.awaitSettled();
            assertThat(solo.offers()).as("an edit is offered").isEqualTo(before + 1);
        } finally {
            solo.close();
        }
    }
}
