package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.RelativePath;
import dev.lockstep.watch.Hint;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// G7: what is missing is deleted elsewhere only if it is proven that somebody deleted it.
class DeletionProofTest {
    private static final String RESUME = "lockstep resume --deletions";

    @TempDir
    Path home;

    private SoloFolder solo;

    @BeforeEach
    void open() throws IOException {
        solo = new SoloFolder(home);
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    private void makeFiles(String directory, int count) throws IOException {
        Path made = Files.createDirectories(solo.folder.resolve(directory));
        for (int i = 0; i < count; i++) {
            Files.writeString(made.resolve("f" + i), "content " + i);
        }
    }

    private void removeFiles(String directory, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            Files.delete(solo.folder.resolve(directory).resolve("f" + i));
        }
    }

    private long entries() {
        return solo.catalog.read(view -> view.entries());
    }

    /// Waits until a comparison of the whole folder has ended, whatever came of it.
    private void scan() {
        solo.replica().barrier(true).join();
    }

    private void awaitHalt(String reason) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            scan();
            assertThat(solo.replica().status().join().deletionsHalted()).contains(reason);
        });
    }

    private void awaitEntries(long count) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            solo.awaitSettled();
            assertThat(entries()).isEqualTo(count);
        });
        assertThat(solo.replica().status().join().deletionsHalted()).isNull();
    }

    @Test
    void scanThatFindsMostMissingHaltsUntilSomebodySaysGoOn() throws Exception {
        makeFiles("d", 200);
        solo.start();
        removeFiles("d", 150);
        awaitHalt(RESUME);
        assertThat(entries()).isEqualTo(201);
        scan();
        assertThat(entries()).isEqualTo(201);
        solo.replica().resumeDeletions();
        awaitEntries(51);
    }

    /// Only the name of the directory is missing; what was below it is not looked at one by one.
    @Test
    void whatLayInMissingDirectoriesCounts() throws Exception {
        makeFiles("a", 100);
        makeFiles("b", 100);
        makeFiles("c", 40);
        solo.start();
        for (String directory : new String[] {"a", "b"}) {
            removeFiles(directory, 100);
            Files.delete(solo.folder.resolve(directory));
        }
        awaitHalt("202 of 243 entries are missing");
        assertThat(entries()).isEqualTo(243);
    }

    @Test
    void startThatFindsMostMissingHalts() throws Exception {
        makeFiles("d", 200);
        solo.start();
        solo.stop();
        removeFiles("d", 150);
        solo.launch();
        awaitHalt(RESUME);
        assertThat(entries()).isEqualTo(201);
    }

    @Test
    void halfOfTheEntriesOrAHundredAreNoReasonToHalt() throws Exception {
        makeFiles("many", 250);
        solo.start();
        removeFiles("many", 120);
        awaitEntries(131);
        for (int i = 120; i < 220; i++) {
            Files.delete(solo.folder.resolve("many/f" + i));
        }
        awaitEntries(31);
    }

    @Test
    void haltEndsWhenWhatWasMissingIsBack() throws Exception {
        makeFiles("d", 200);
        solo.start();
        Path aside = Files.move(solo.folder.resolve("d"), home.resolve("aside"));
        awaitHalt(RESUME);
        Files.move(aside, solo.folder.resolve("d"));
        awaitEntries(201);
    }

    @Test
    void whatIsSeenAsItHappensIsNoReasonToHalt() throws Exception {
        makeFiles("d", 200);
        solo.start();
        removeFiles("d", 150);
        for (int i = 0; i < 150; i++) {
            solo.replica().hint(new Hint.Dirty(RelativePath.of("d/f" + i), Hint.Cause.DELETED));
        }
        awaitCatalog(51);
    }

    @Test
    void lostEventsUnderRootThatStayedWatchedAreNoReasonToHalt() throws Exception {
        makeFiles("d", 200);
        solo.start();
        removeFiles("d", 150);
        solo.replica().hint(new Hint.EverythingDirty("overflow"));
        awaitCatalog(51);
    }

    /// Without a scan, which might halt.
    private void awaitCatalog(long count) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> entries() == count);
        assertThat(solo.replica().status().join().deletionsHalted()).isNull();
    }

    @Test
    void timeWithoutWatchIsJudgedAsScan() throws Exception {
        makeFiles("d", 200);
        solo.start();
        removeFiles("d", 150);
        solo.replica().hint(new Hint.Unwatched());
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> solo.replica().status().join().deletionsHalted() != null);
        assertThat(entries()).isEqualTo(201);
    }

    /// While somebody has to look, nothing is deleted at all.
    @Test
    void haltHoldsForWhatIsSeenLater() throws Exception {
        makeFiles("d", 200);
        solo.start();
        removeFiles("d", 150);
        awaitHalt(RESUME);
        Files.delete(solo.folder.resolve("d/f199"));
        solo.replica().hint(new Hint.Dirty(RelativePath.of("d/f199"), Hint.Cause.DELETED));
        solo.replica().barrier(false).join();
        assertThat(entries()).isEqualTo(201);
        assertThat(solo.replica().status().join().deletionsHalted()).contains(RESUME);
        solo.replica().resumeDeletions();
        awaitEntries(50);
    }

    /// M10.
    @Test
    void folderWithoutMarkerProvesNothing() throws Exception {
        makeFiles("d", 5);
        solo.start();
        Path marker = solo.folder.resolve(".lockstep");
        Path aside = Files.move(marker, home.resolve("marker"));
        removeFiles("d", 1);
        awaitHalt("marker");
        assertThat(entries()).isEqualTo(6);
        Files.move(aside, marker);
        awaitEntries(5);
    }

    /// B13.
    @Test
    void folderThatWasReplacedProvesNothing() throws Exception {
        makeFiles("d", 5);
        solo.start();
        Path aside = Files.move(solo.folder, home.resolve("aside"));
        Files.createDirectory(solo.folder);
        Files.delete(aside.resolve("d/f0"));
        awaitHalt("not in its place");
        assertThat(entries()).isEqualTo(6);
        Files.delete(solo.folder);
        Files.createSymbolicLink(solo.folder, Files.createDirectory(home.resolve("empty")));
        awaitHalt("not in its place");
        Files.delete(solo.folder);
        Files.move(aside, solo.folder);
        awaitEntries(5);
    }

    @Test
    void whatCannotBeReadIsNotGone() throws Exception {
        FaultyRoot.Faults faults = new FaultyRoot.Faults();
        solo.seen = root -> FaultyRoot.of(root, faults);
        makeFiles("d", 5);
        solo.start();
        for (String operation : new String[] {"list", "stat"}) {
            for (Errno errno : new Errno[] {Errno.PERMISSION, Errno.DEVICE_FAILED}) {
                int metBefore = faults.met();
                faults.set(operation, errno);
                var scanned = solo.replica().barrier(true);
                Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> faults.met() > metBefore);
                faults.clear();
                scanned.join();
                assertThat(entries()).isEqualTo(6);
            }
        }
        removeFiles("d", 1);
        awaitEntries(5);
    }

    /// The folder goes between the look that finds a file missing and the proposal.
    @Test
    void folderIsLookedAtOnceMoreBeforeAnythingIsProposed() throws Exception {
        makeFiles("d", 5);
        Path marker = solo.folder.resolve(".lockstep");
        Path aside = home.resolve("marker");
        boolean[] isArmed = {false};
        Deed deed = () -> {
            if (isArmed[0] && Files.exists(marker)) {
                Files.move(marker, aside);
            }
        };
        solo.seen = root -> root.location().equals(solo.folder) ? whenMissed(root, "d/f0", deed) : root;
        solo.start();
        removeFiles("d", 1);
        isArmed[0] = true;
        scan();
        assertThat(solo.replica().status().join().deletionsHalted()).contains("marker");
        assertThat(entries()).isEqualTo(6);
        isArmed[0] = false;
        Files.move(aside, marker);
        awaitEntries(5);
    }

    private interface Deed {
        void run() throws IOException;
    }

    /// A root under which something happens at once after a path was looked for and not found.
    private static FolderRoot whenMissed(FolderRoot root, String path, Deed deed) {
        RelativePath missed = RelativePath.of(path);
        return (FolderRoot) Proxy.newProxyInstance(
                FolderRoot.class.getClassLoader(), new Class<?>[] {FolderRoot.class}, (proxy, method, arguments) -> {
                    @Nullable Object result;
                    try {
                        result = method.invoke(root, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                    boolean isMissed = method.getName().equals("stat") && missed.equals(arguments[0]);
                    if (isMissed && !(result instanceof Stamp)) {
                        deed.run();
                    }
                    return result;
                });
    }
}
