package dev.lockstep.replica;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.RelativePath;
import dev.lockstep.watch.Hint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A file that its program writes to again while the change before is under way. The clock stands unless it is moved.
final class BusyFilesTest {
    private static final RelativePath A = RelativePath.of("a");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path home;

    private SoloFolder solo;
    private Path file;
    private final AtomicLong nowNanos = new AtomicLong(1);

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        solo.clock = nowNanos::get;
        file = Files.writeString(solo.folder.resolve("a"), "first");
        solo.start();
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    /// Else a file that changes all the time would be proposed as often as there is an answer.
    @Test
    void whatIsWrittenMeanwhileIsLeftUntilItIsSettled() throws Exception {
        int offers = writeWhileUnderWay(Hint.Cause.MODIFIED);
        awaitDecided();
        assertThat(solo.replica().status().join().isSettled()).isFalse();
        assertThat(solo.offers()).isEqualTo(offers);
        nowNanos.addAndGet(DirtyPaths.SETTLE_NANOS);
        await("third");
    }

    /// As when the program writes through a mapping.
    @Test
    void whatNoEventTellsOfIsFoundWhenItIsSettled() throws Exception {
        writeWhileUnderWay(null);
        awaitDecided();
        nowNanos.addAndGet(DirtyPaths.SETTLE_NANOS);
        await("third");
    }

    @Test
    void whatWasClosedMeanwhileIsProposedAtOnce() throws Exception {
        writeWhileUnderWay(Hint.Cause.CLOSED);
        await("third");
    }

    /// @return how much has been offered, the change before included
    private int writeWhileUnderWay(Hint.@Nullable Cause told) throws IOException {
        int before = solo.offers();
        CompletableFuture<Void> hold = solo.holdOffers();
        Files.writeString(file, "second");
        solo.replica().hint(new Hint.Dirty(A, Hint.Cause.CLOSED));
        Awaitility.await().atMost(PATIENCE).until(() -> solo.offers() == before + 1);
        Files.writeString(file, "third");
        if (told != null) {
            solo.replica().hint(new Hint.Dirty(A, told));
        }
        // The loop has taken the hint.
        boolean _ = solo.replica().status().join().isSettled();
        hold.complete(null);
        return before + 1;
    }

    private void awaitDecided() {
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() ->
                        requireNonNull(solo.index.find(A)).entry().content().equals(SoloFolder.file("second")));
        // The loop has done with the decision.
        boolean _ = solo.replica().status().join().isSettled();
    }

    private void await(String content) {
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> solo.catalog
                        .read(view -> view.find(A))
                        .filter(entry -> entry.content().equals(SoloFolder.file(content)))
                        .isPresent());
    }
}
