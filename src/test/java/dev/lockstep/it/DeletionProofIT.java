package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// G7: files that are missing because their folder is not there are deleted nowhere. Each test has a cluster of its
/// own,
/// whose folders it takes away.
@Timeout(value = 4, unit = TimeUnit.MINUTES)
final class DeletionProofIT {
    private static final Duration SOON = Duration.ofSeconds(40);
    private static final int FILES = 250;

    private LocalCluster cluster;

    @BeforeEach
    void found() throws Exception {
        cluster = LocalCluster.founded();
        Path made = Files.createDirectory(cluster.node(1).folder().resolve("d"));
        for (int i = 0; i < FILES; i++) {
            Files.writeString(made.resolve("f" + i), "content " + i);
        }
        cluster.awaitSame(SOON);
    }

    @AfterEach
    void close() throws IOException {
        cluster.close();
    }

    private void assertAllStandOn(Node node) {
        for (int i = 0; i < FILES; i++) {
            assertThat(node.folder().resolve("d/f" + i)).hasContent("content " + i);
        }
    }

    private void awaitHalted(Node node, String reason) {
        Await.untilAsserted(node.id() + " halts deletions", SOON, () -> {
            node.face().scan(Duration.ofSeconds(10));
            assertThat(node.status().get("deletionsHalted").asString("")).contains(reason);
            assertThat(node.status().get("inSync").asBoolean()).isFalse();
        });
    }

    /// B13: the folder is renamed away, then a directory, then a symlink stands in its place; then it is back.
    @Test
    void folderThatIsReplacedWhileTheNodeRunsDeletesNothing() throws Exception {
        Node first = cluster.node(1);
        Path aside = cluster.home().resolve("aside");
        Files.move(first.folder(), aside);
        Files.createDirectory(first.folder());
        awaitHalted(first, "not in its place");
        Files.delete(first.folder());
        Files.createSymbolicLink(
                first.folder(), Files.createDirectory(cluster.home().resolve("empty")));
        awaitHalted(first, "not in its place");
        Shell.in(aside, "rm d/f0");
        awaitHalted(first, "not in its place");
        assertAllStandOn(cluster.node(2));
        assertAllStandOn(cluster.node(3));
        Files.delete(first.folder());
        Files.move(aside, first.folder());
        first.face().scan(Duration.ofSeconds(10));
        cluster.awaitSame(SOON);
        assertThat(cluster.node(2).folder().resolve("d/f0")).doesNotExist();
        assertThat(cluster.node(2).folder().resolve("d/f1")).hasContent("content 1");
        assertThat(first.status().get("deletionsHalted").isNull()).isTrue();
    }

    /// B14: the mount is missing at the start.
    @Test
    void nodeWhoseFolderIsEmptyAndWithoutMarkerDoesNotStart() throws Exception {
        Node first = cluster.node(1);
        first.term();
        Path aside = cluster.home().resolve("aside");
        Files.move(first.folder(), aside);
        first.start();
        Shell.Ended ended = first.awaitEnd();
        assertThat(ended.code()).isNotZero();
        assertThat(ended.output()).contains("has no marker .lockstep").contains("mounted");
        assertAllStandOn(cluster.node(2));
        Shell.in(first.folder(), "rmdir ../" + first.id());
        Files.move(aside, first.folder());
        cluster.startAll();
        cluster.awaitSame(SOON);
        assertAllStandOn(first);
    }

    /// B15: most is deleted while the node is down. It waits for a word, and history has all of it afterwards.
    @Test
    void massDeletionFoundAtStartWaitsForTheAdministrator() throws Exception {
        Node first = cluster.node(1);
        first.term();
        Shell.in(first.folder(), "rm -r d");
        cluster.startAll();
        awaitHalted(first, "lockstep resume --deletions");
        assertThat(first.status().get("deletionsHalted").asString()).startsWith(FILES + 1 + " of " + (FILES + 1));
        assertAllStandOn(cluster.node(2));
        // Everything else goes on.
        Files.writeString(first.folder().resolve("new"), "made meanwhile");
        Await.until(
                "an edit arrives",
                SOON,
                () -> Files.exists(cluster.node(3).folder().resolve("new")));
        Shell.Ended resumed = Launch.command(cluster.home(), "resume", "--deletions", "--api", first.http());
        assertThat(resumed.code()).as(resumed.output()).isZero();
        Await.until(
                "the deletion is everywhere",
                SOON,
                () -> Files.notExists(cluster.node(2).folder().resolve("d"))
                        && Files.notExists(cluster.node(3).folder().resolve("d")));
        cluster.awaitSame(SOON);
        assertThat(cluster.node(2).face().restore("d/f17").statusCode()).isEqualTo(200);
        cluster.awaitSame(SOON);
        assertThat(first.folder().resolve("d/f17")).hasContent("content 17");
    }

    /// B15: what is seen as it happens needs no word.
    @Test
    void massDeletionUnderTheEyesOfTheNodeIsReplicatedAndCanBeUndone() throws Exception {
        Shell.in(cluster.node(2).folder(), "cd d && for i in $(seq 0 199); do rm f$i; done");
        Await.until(
                "the deletion is everywhere",
                SOON,
                () -> Files.notExists(cluster.node(1).folder().resolve("d/f199"))
                        && Files.notExists(cluster.node(3).folder().resolve("d/f199")));
        cluster.awaitSame(SOON);
        assertThat(cluster.node(1).folder().resolve("d/f200")).hasContent("content 200");
        for (int i = 0; i < 200; i += 40) {
            assertThat(cluster.node(3).face().restore("d/f" + i).statusCode()).isEqualTo(200);
        }
        cluster.awaitSame(SOON);
        assertThat(cluster.node(1).folder().resolve("d/f160")).hasContent("content 160");
    }

    /// B14, for which one must be root: the file system goes while the node runs, and comes back.
    @Test
    void fileSystemUnmountedWhileTheNodeRunsDeletesNothing() throws Exception {
        cluster.nodes().forEach(DeletionProofIT::end);
        Path home = cluster.home();
        Path real = Files.createDirectory(home.resolveSibling(home.getFileName() + "-disk"));
        try {
            assumeTrue(isMounted(real, home), "may mount");
            try {
                unmountUnderNodes(real, home);
            } finally {
                cluster.nodes().forEach(DeletionProofIT::end);
                Shell.run(real, List.of("umount", "-l", home.toString()), SOON);
            }
        } finally {
            Shell.in(Path.of("/"), "rm -r '" + real + "'");
        }
    }

    /// Moves what is in `home` to `real` and mounts that at `home`.
    private static boolean isMounted(Path real, Path home) throws Exception {
        Shell.in(home, "cp -a . '" + real + "' && find . -mindepth 1 -delete");
        return Shell.run(real, List.of("mount", "--bind", real.toString(), home.toString()), SOON)
                        .code()
                == 0;
    }

    /// All folders lie on it: what the nodes see missing they would delete everywhere at once.
    private void unmountUnderNodes(Path real, Path home) throws Exception {
        cluster.startAll();
        cluster.awaitSame(SOON);
        for (int round = 0; round < 3; round++) {
            Node node = cluster.node(1 + round);
            Thread scanning = Thread.ofPlatform().start(() -> scanQuietly(node));
            Shell.in(real, "umount -l '" + home + "'");
            scanning.join();
            scanQuietly(node);
            // A node whose state went with the folder may end instead.
            Await.until(
                    "it says so",
                    SOON,
                    () -> !node.isAlive() || haltReason(node).contains("not in its place"));
            Shell.in(real, "mount --bind '" + real + "' '" + home + "'");
            cluster.nodes().forEach(DeletionProofIT::end);
            for (Node each : cluster.nodes()) {
                assertAllStandOn(each);
            }
            cluster.startAll();
            cluster.awaitSame(SOON);
            assertAllStandOn(node);
        }
    }

    private static String haltReason(Node node) throws InterruptedException {
        try {
            return node.status().get("deletionsHalted").asString("");
        } catch (IOException endedMeanwhile) {
            return "";
        }
    }

    private static void scanQuietly(Node node) {
        try {
            node.face().scan(Duration.ofSeconds(5));
        } catch (IOException ended) {
            // A node whose state is gone may end; it deletes nothing then either.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void end(Node node) {
        try {
            node.kill9();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
