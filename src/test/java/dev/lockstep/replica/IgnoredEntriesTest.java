package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.RelativePath;
import dev.lockstep.watch.Hint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ignored entries are each node's own: nothing is proposed of them, and nothing is done to them.
class IgnoredEntriesTest {
    private static final String RULES = ".lockstepignore";

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

    private void write(String path, String content) throws IOException {
        Path file = solo.folder.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private String read(String path) throws IOException {
        return Files.readString(solo.folder.resolve(path));
    }

    /// The paths of the catalog.
    private Set<String> replicated() {
        return solo.catalog.read(view -> {
            Set<String> paths = new TreeSet<>();
            view.forEachEntry(entry -> paths.add(String.valueOf(view.path(entry.id()))));
            return paths;
        });
    }

    private void awaitReplicated(String... paths) {
        Awaitility.await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            solo.awaitSettled();
            assertThat(replicated()).containsExactlyInAnyOrder(paths);
        });
    }

    @Test
    void whatTheRulesOnDiskIgnoreIsNeverProposed() throws Exception {
        write(RULES, "*.log\n/build/\n");
        write("a.log", "own");
        write("build/deep/x.o", "own");
        write("d/b.log", "own");
        write("d/f", "shared");
        solo.start();
        awaitReplicated(RULES, "d", "d/f");
        assertThat(read("build/deep/x.o")).isEqualTo("own");
    }

    @Test
    void rulesOfAnotherNodeHoldFromTheirPlaceInTheLog() throws Exception {
        solo.start();
        solo.peerCreates(RULES, "*.log\n");
        write("a.log", "own");
        solo.awaitSettled();
        awaitReplicated(RULES);
        assertThat(read(RULES)).isEqualTo("*.log\n");
        assertThat(read("a.log")).isEqualTo("own");
    }

    @Test
    void whatBecomesIgnoredLeavesTheCatalogAndStaysOnDisk() throws Exception {
        write("a.log", "shared");
        write("build/x", "shared");
        write("build/sub/y", "shared");
        write("f", "shared");
        solo.start();
        awaitReplicated("a.log", "build", "build/x", "build/sub", "build/sub/y", "f");
        write(RULES, "*.log\nbuild/\n");
        solo.awaitSettled();
        awaitReplicated(RULES, "f");
        assertThat(solo.files()).containsOnlyKeys(RULES, "a.log", "build/x", "build/sub/y", "f");
        assertThat(solo.index.entries()).isEqualTo(2);
    }

    /// Another node sees to it that the catalog forgets what is ignored now.
    @Test
    void deletionOfWhatIsIgnoredTouchesNothing() throws Exception {
        write("a.log", "shared");
        write("build/x", "shared");
        solo.start();
        solo.peerCreates(RULES, "*.log\nbuild/\n");
        solo.peerDeletes("a.log");
        solo.peerDeletes("build/x");
        solo.peerDeletes("build");
        awaitReplicated(RULES);
        assertThat(solo.files()).containsOnlyKeys(RULES, "a.log", "build/x");
        assertThat(solo.index.entries()).isEqualTo(1);
    }

    @Test
    void whatIsNoLongerIgnoredIsFoundAndProposed() throws Exception {
        write(RULES, "*.log\nbuild/\n");
        write("a.log", "own");
        write("build/x", "own");
        solo.start();
        awaitReplicated(RULES);
        solo.peerEdits(RULES, "*.tmp\n");
        awaitReplicated(RULES, "a.log", "build", "build/x");
        write(RULES, "");
        write("b.tmp", "own");
        awaitReplicated(RULES, "a.log", "build", "build/x", "b.tmp");
    }

    /// The node was away while the entry left the catalog and the rules were taken back.
    @Test
    void whatWasReleasedStaysThoughTheRulesHoldNoLonger() throws Exception {
        write("a.log", "shared");
        write("build/x", "shared");
        solo.start();
        solo.stop();
        solo.peerCreates(RULES, "*.log\nbuild/\n");
        solo.peerReleases("a.log", "*.log\nbuild/\n");
        solo.peerReleases("build/x", "*.log\nbuild/\n");
        solo.peerReleases("build", "*.log\nbuild/\n");
        solo.peerEdits(RULES, "*.tmp\n");
        solo.startWithLog();
        awaitReplicated(RULES, "a.log", "build", "build/x");
        assertThat(read("a.log")).isEqualTo("shared");
        assertThat(read("build/x")).isEqualTo("shared");
        assertThat(solo.names("history")).isEmpty();
    }

    @Test
    void removedRulesHoldNoLonger() throws Exception {
        write(RULES, "*.log\n");
        write("a.log", "own");
        solo.start();
        awaitReplicated(RULES);
        Files.delete(solo.folder.resolve(RULES));
        awaitReplicated("a.log");
    }

    @Test
    void nothingIsPlacedOverIgnoredEntries() throws Exception {
        write(RULES, "*.log\n/build\n");
        write("a.log", "own");
        write("build/x", "own");
        solo.start();
        awaitReplicated(RULES);
        solo.peerCreates("a.log", "of a node that did not know the rules");
        solo.peerCreates("build", "a file");
        awaitReplicated(RULES);
        assertThat(read("a.log")).isEqualTo("own");
        assertThat(read("build/x")).isEqualTo("own");
    }

    /// A rule for directories says nothing of a file with their name: that one is replicated, elsewhere.
    @Test
    void fileWhoseNameAnIgnoredDirectoryHasIsListed() throws Exception {
        write(RULES, "build/\n");
        write("build/x", "own");
        solo.start();
        awaitReplicated(RULES);
        solo.peerCreates("build", "a file");
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(solo.replica().status().join().unplaceable())
                        .anySatisfy(problem -> {
                            assertThat(problem.path()).isEqualTo(RelativePath.of("build"));
                            assertThat(problem.reason()).contains("ignored");
                        }));
        assertThat(read("build/x")).isEqualTo("own");
        Files.delete(solo.folder.resolve("build/x"));
        Files.delete(solo.folder.resolve("build"));
        solo.awaitSettled();
        assertThat(read("build")).isEqualTo("a file");
    }

    @Test
    void deletedDirectoryStaysAsLongAsItHoldsIgnoredEntries() throws Exception {
        write(RULES, "*.log\n");
        write("d/e/f", "shared");
        write("d/e/own.log", "own");
        solo.start();
        awaitReplicated(RULES, "d", "d/e", "d/e/f");
        solo.peerDeletes("d/e/f");
        solo.peerDeletes("d/e");
        solo.peerDeletes("d");
        awaitReplicated(RULES);
        assertThat(solo.files()).containsOnlyKeys(RULES, "d/e/own.log");
        ReplicaStatus status = solo.replica().status().join();
        assertThat(status.unplaceable())
                .extracting(Problems.Problem::path)
                .contains(RelativePath.of("d"), RelativePath.of("d/e"));
        assertThat(status.placedIndex()).isEqualTo(status.handledIndex());

        solo.stop();
        solo.start();
        awaitReplicated(RULES);
        assertThat(solo.files()).containsOnlyKeys(RULES, "d/e/own.log");

        Files.delete(solo.folder.resolve("d/e/own.log"));
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
            solo.awaitSettled();
            return Files.notExists(solo.folder.resolve("d"));
        });
        assertThat(solo.replica().status().join().unplaceable()).isEmpty();
        awaitReplicated(RULES);
        assertThat(solo.index.entries()).isEqualTo(1);
    }

    @Test
    void whatIsMadeInKeptDirectoryMakesItAgain() throws Exception {
        write(RULES, "*.log\n");
        write("d/own.log", "own");
        solo.start();
        awaitReplicated(RULES, "d");
        solo.peerDeletes("d");
        awaitReplicated(RULES);
        write("d/new", "shared");
        awaitReplicated(RULES, "d", "d/new");
        assertThat(read("d/own.log")).isEqualTo("own");
        assertThat(solo.replica().status().join().unplaceable()).isEmpty();
    }

    @Test
    void keptDirectoryHoldsUpOnlyItsOwnName() throws Exception {
        write(RULES, "*.log\n");
        write("d/own.log", "own");
        solo.start();
        awaitReplicated(RULES, "d");
        solo.peerDeletes("d");
        awaitReplicated(RULES);
        solo.peerCreates("d", "now a file");
        solo.peerCreates("other", "shared");
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> Files.exists(solo.folder.resolve("other"))
                        && !solo.replica().status().join().unplaceable().isEmpty());
        assertThat(read("d/own.log")).isEqualTo("own");
        Files.delete(solo.folder.resolve("d/own.log"));
        solo.awaitSettled();
        assertThat(read("d")).isEqualTo("now a file");
    }

    @Test
    void badRulesAreListed() throws Exception {
        write(RULES, "a*b*c*d*e\n*.log\n");
        write("a.log", "own");
        solo.start();
        awaitReplicated(RULES);
        assertThat(solo.replica().status().join().unsupported())
                .anySatisfy(problem -> assertThat(problem.reason()).startsWith("line 1"));
    }

    /// The rules came in while the node stood in the middle of an edit of what they ignore.
    @Test
    void editOfWhatBecameIgnoredIsNotProposed() throws Exception {
        write("a.log", "shared");
        solo.start();
        awaitReplicated("a.log");
        write(RULES, "*.log\n");
        write("a.log", "own by now");
        awaitReplicated(RULES);
        assertThat(read("a.log")).isEqualTo("own by now");
        assertThat(solo.conflictCopies()).isEmpty();
    }

    /// It cannot be moved there, and of what is missing under an ignored name no scan tells.
    @Test
    void whatIsGoneFromAnIgnoredNameIsPlacedWhereAPeerMovedIt() throws Exception {
        write("a", "shared");
        write("d/e/f", "shared");
        solo.start();
        solo.stop();
        Files.delete(solo.folder.resolve("a"));
        Files.delete(solo.folder.resolve("d/e/f"));
        Files.delete(solo.folder.resolve("d/e"));
        write(RULES, "a\ne/\n");
        solo.peerEdits("a", "of a peer");
        solo.peerMoves("a", "b");
        solo.peerMoves("d/e", "d/g");
        solo.startWithLog();
        awaitReplicated(RULES, "b", "d", "d/g", "d/g/f");
        assertThat(read("b")).isEqualTo("of a peer");
        assertThat(read("d/g/f")).isEqualTo("shared");
    }

    /// The directory cannot leave before that one is released: what has its new place stays for an ignored entry.
    @Test
    void whatIsInDirectoryThatLeftOneReleasedIsPlacedAgain() throws Exception {
        write(RULES, "*.log\n");
        write("c/x.log", "own");
        write("a/b/f", "shared");
        solo.start();
        awaitReplicated(RULES, "a", "a/b", "a/b/f", "c");
        solo.stop();
        solo.peerDeletes("c");
        solo.peerMoves("a/b", "c");
        solo.peerEdits(RULES, "*.log\na\n");
        solo.peerReleases("a", "*.log\na\n");
        solo.startWithLog();
        awaitReplicated(RULES, "c", "c/f");
        assertThat(read("c/f")).isEqualTo("shared");
        assertThat(read("c/x.log")).isEqualTo("own");
    }

    @Test
    void whatComesOutOfIgnoredPlaceWithItsDirectoryIsPlaced() throws Exception {
        write(RULES, "t\n");
        solo.start();
        awaitReplicated(RULES);
        CompletableFuture<Void> hold = solo.holdOffers();
        solo.peerMakesDirectory("t");
        solo.peerCreates("t/f", "of a peer");
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> solo.replica().status().join().toPlace() == 0);
        solo.peerMoves("t", "u");
        Path placed = solo.folder.resolve("u/f");
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(placed));
        assertThat(placed).hasContent("of a peer");
        hold.complete(null);
    }

    /// The name it had is ignored by then, and a peer has edited and renamed it.
    @Test
    void renameThatIsUnderWayIsNoLoss() throws Exception {
        write("a", "shared");
        solo.start();
        int before = solo.offers();
        CompletableFuture<Void> hold = solo.holdOffers();
        write(RULES, "a\n");
        solo.replica().hint(new Hint.Dirty(RelativePath.of(RULES), Hint.Cause.CLOSED));
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> solo.offers() > before);
        Files.move(solo.folder.resolve("a"), solo.folder.resolve("c"));
        solo.replica().hint(new Hint.Moved(RelativePath.of("a"), RelativePath.of("c")));
        boolean _ = solo.replica().status().join().isSettled();
        solo.peerEdits("a", "of a peer");
        solo.peerMoves("a", "b");
        solo.replica().hint(new Hint.EverythingDirty("a test"));
        boolean _ = solo.replica().status().join().isSettled();
        hold.complete(null);
        awaitReplicated(RULES, "c");
        assertThat(read("c")).isEqualTo("of a peer");
    }

    /// What is placed anew while a rename of it is under way is not what was renamed.
    @Test
    void renameOutOfReleasedDirectoryOverrulesNoEditOfPeer() throws Exception {
        write("a/f", "shared");
        solo.start();
        int before = solo.offers();
        CompletableFuture<Void> hold = solo.holdOffers();
        Files.move(solo.folder.resolve("a/f"), solo.folder.resolve("c"));
        solo.replica().hint(new Hint.Moved(RelativePath.of("a/f"), RelativePath.of("c")));
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> solo.offers() > before);
        solo.peerCreates(RULES, "a\n");
        solo.peerEdits("a/f", "of a peer");
        solo.peerMoves("a/f", "d");
        solo.peerReleases("a", "a\n");
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> Files.exists(solo.folder.resolve("d")));
        hold.complete(null);
        Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> read("c").equals("of a peer"));
        solo.awaitSettled();
        assertThat(solo.files()).containsValue("shared");
        assertThat(read("c")).isEqualTo("of a peer");
    }

    /// No event tells of them here.
    @Test
    void rulesThatWerePlacedTakeThePlaceOfThoseBefore() throws Exception {
        solo.start();
        solo.peerCreates(RULES, "a\n");
        solo.awaitSettled();
        solo.peerEdits(RULES, "b\n");
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> read(RULES).equals("b\n"));
        boolean _ = solo.replica().status().join().isSettled();
        write("a", "own");
        solo.replica().hint(new Hint.Dirty(RelativePath.of("a"), Hint.Cause.CLOSED));
        Awaitility.await()
                .atMost(Duration.ofSeconds(20))
                .until(() -> replicated().contains("a"));
    }
}
