package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A program that writes a file in place while the folder is compared: it empties the file first.
final class FreshWritesTest {
    private static final RelativePath A = RelativePath.of("a");
    /// Less than what a file is left for.
    private static final long LATER_NANOS = 150_000_000;

    private static final RelativePath MARKER = RelativePath.of(".lockstep");

    @TempDir
    private Path home;

    private SoloFolder solo;
    private Path file;
    private final AtomicBoolean isToEmpty = new AtomicBoolean();
    private final AtomicBoolean isToFill = new AtomicBoolean();
    private volatile boolean isToFillLater;
    private volatile long emptiedNanos;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        FaultyRoot.Faults faults = new FaultyRoot.Faults();
        faults.atLook(this::act);
        solo.seen = root -> FaultyRoot.of(root, faults);
        file = solo.folder.resolve("a");
        Files.writeString(file, "old");
        solo.start();
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    @Test
    void whatStandsThereBetweenEmptyingAndFillingIsNotProposed() throws Exception {
        solo.stop();
        int before = solo.offers();
        isToEmpty.set(true);
        solo.launch();
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> holds("new"));
        assertThat(solo.offers() - before).isEqualTo(1);
    }

    /// Placing, too, sees that the file is not as recorded.
    @Test
    void whatStandsThereMeanwhileIsNotProposedWhenAPeersEditIsToBePlaced() throws Exception {
        solo.stop();
        solo.peerEdits("a", "of a peer");
        int before = solo.offers();
        isToEmpty.set(true);
        isToFillLater = true;
        solo.launch();
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> solo.conflictCopies().size() == 1);
        assertThat(solo.conflictCopies().getFirst().content()).isEqualTo(SoloFolder.file("new"));
        assertThat(solo.offers() - before).isEqualTo(1);
    }

    private boolean holds(String content) {
        return solo.catalog
                .read(view -> view.find(A))
                .filter(entry -> entry.content().equals(SoloFolder.file(content)))
                .isPresent();
    }

    /// The program acts when its file is looked at, and when all has been, or somewhat later.
    private void act(RelativePath looked) {
        try {
            if (looked.equals(A) && isToEmpty.getAndSet(false)) {
                Files.writeString(file, "");
                emptiedNanos = System.nanoTime();
                isToFill.set(true);
            } else if (looked.equals(isToFillLater ? A : MARKER)
                    && (!isToFillLater || System.nanoTime() - emptiedNanos > LATER_NANOS)
                    && isToFill.getAndSet(false)) {
                Files.writeString(file, "new");
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
