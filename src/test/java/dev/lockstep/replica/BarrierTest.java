package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Entry;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A barrier says that what was in the folder before it is committed: whoever was told so may lose this node.
final class BarrierTest {
    private static final int TURNS = 20;

    @TempDir
    private Path home;

    private SoloFolder solo;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        solo.start();
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    @Test
    void barrierPassesWhenWhatWasThereBeforeIsCommittedAndNotEarlier() throws Exception {
        CompletableFuture<Void> held = solo.holdOffers();
        int before = solo.offers();
        Files.writeString(solo.folder.resolve("f"), "saved before the barrier");
        CompletableFuture<Void> barrier = solo.replica().barrier(true);
        Awaitility.await().until(() -> solo.offers() > before);
        for (int turn = 0; turn < TURNS; turn++) {
            solo.replica().status().join();
        }
        assertThat(barrier).as("nothing is committed").isNotDone();
        assertThat(inCatalog("f")).isEmpty();

        held.complete(null);
        barrier.get(20, TimeUnit.SECONDS);
        assertThat(inCatalog("f")).isPresent();
    }

    private Optional<Entry> inCatalog(String path) {
        return solo.catalog.read(view -> view.find(RelativePath.of(path)));
    }
}
