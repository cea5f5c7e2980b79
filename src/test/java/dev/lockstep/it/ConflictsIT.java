package dev.lockstep.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Two nodes that did not know of each other's edits. "Apart" means: node3's process stands still meanwhile,
/// so that
/// what is done in its folder has an old base for certain.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class ConflictsIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofMinutes(1);

    private final LocalCluster cluster = SHARED.cluster();
    private final Node first = cluster.node(1);
    private final Node third = cluster.node(3);

    /// A01, T34: the same file on three nodes in the same instant. What one node saw arrive before it wrote
    /// may be
    /// history; what it did not see stands in a copy.
    @Test
    void editsOfTheSameInstantLeaveOneWinnerAndCopiesThatAreTheSameEverywhere() throws Exception {
        Area area = SHARED.area();
        int rounds = 20;
        for (int round = 0; round < rounds; round++) {
            Files.writeString(area.on(1).resolve("f" + round + ".txt"), "base");
        }
        cluster.awaitSame(SOON);
        CyclicBarrier together = new CyclicBarrier(3);
        try (ExecutorService writers = Executors.newFixedThreadPool(3)) {
            List<Future<?>> work = new ArrayList<>();
            for (Node node : cluster.nodes()) {
                work.add(writers.submit(() -> {
                    for (int round = 0; round < rounds; round++) {
                        together.await();
                        Files.writeString(area.on(node).resolve("f" + round + ".txt"), text(node, round));
                    }
                    return null;
                }));
            }
            for (Future<?> writer : work) {
                var _ = writer.get();
            }
        }
        cluster.awaitSame(SOON);
        for (int round = 0; round < rounds; round++) {
            assertKeptOrHistory(area, round);
        }
    }

    private void assertKeptOrHistory(Area area, int round) throws Exception {
        String stem = "f" + round;
        var standing = area.files(first);
        standing.keySet().removeIf(name -> !name.equals(stem + ".txt") && !name.startsWith(stem + "%20(conflict%20"));
        assertThat(standing).as("round %d", round).containsKey(stem + ".txt").hasSizeLessThanOrEqualTo(3);
        String history = first.face()
                .get("/v1/history/" + area.name() + "/" + stem + ".txt")
                .body();
        for (Node node : cluster.nodes()) {
            String digest = Sha256.of(text(node, round).getBytes(UTF_8));
            assertThat(standing.containsValue(digest) || history.contains(digest))
                    .as(
                            "%s of round %d is at its name, in a copy or in history; there are %s, history says %s",
                            node.id(), round, standing, history)
                    .isTrue();
        }
    }

    private static String text(Node node, int round) {
        return node.id() + " wrote this in round " + round;
    }

    /// T36.
    @Test
    void editOnAnOldBaseAndTheEditItMissedAreBothKept() throws Exception {
        Area area = SHARED.area();
        area.write(first, "f.txt", "base");
        area.awaitSameAndKept(SOON);
        third.stop();
        area.write(first, "f.txt", "seen by the majority");
        area.awaitContent(cluster.node(2), "f.txt", "seen by the majority");
        area.writeUnseen(third, "f.txt", "written apart");
        third.cont();
        area.awaitSameAndKept(SOON);
        area.assertContent("f.txt", "seen by the majority");
        assertThat(area.files(third)).hasSize(2);
    }

    /// T37, B08.
    @Test
    void editOfNodeThatWasDownAndTheEditItMissedAreBothKept() throws Exception {
        Area area = SHARED.area();
        area.write(first, "f.txt", "base");
        area.write(first, "mine.txt", "base");
        area.awaitSameAndKept(SOON);
        third.kill9();
        area.write(first, "f.txt", "edited online");
        area.writeUnseen(third, "f.txt", "edited offline");
        area.write(third, "mine.txt", "only offline");
        third.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        area.assertContent("f.txt", "edited online");
        area.assertContent("mine.txt", "only offline");
        assertThat(area.files(first)).hasSize(3);
    }

    /// A02, T38: in both orders.
    @Test
    void editSurvivesDeletionOnAnotherNode() throws Exception {
        Area area = SHARED.area();
        area.write(first, "edited-apart", "base");
        area.write(first, "deleted-apart", "base");
        area.awaitSameAndKept(SOON);
        third.stop();
        area.write(third, "edited-apart", "edit of what is deleted");
        Files.delete(area.on(first).resolve("edited-apart"));
        Files.delete(area.on(third).resolve("deleted-apart"));
        area.write(first, "deleted-apart", "edit of what is deleted");
        Await.until("node2 has followed", SOON, () -> !Files.exists(area.on(2).resolve("edited-apart")));
        third.cont();
        area.awaitSameAndKept(SOON);
        area.assertPaths("edited-apart", "deleted-apart");
        area.assertContent("edited-apart", "edit of what is deleted");
        area.assertContent("deleted-apart", "edit of what is deleted");
    }

    /// A07.
    @Test
    void oneNameMadeTwiceIsOneFileIfEqualAndTwoIfNot() throws Exception {
        Area area = SHARED.area();
        third.stop();
        area.write(first, "equal.txt", "the same");
        area.write(first, "unequal.txt", "here");
        area.awaitContent(cluster.node(2), "unequal.txt", "here");
        area.write(third, "equal.txt", "the same");
        area.writeUnseen(third, "unequal.txt", "there");
        third.cont();
        area.awaitSameAndKept(SOON);
        area.assertContent("equal.txt", "the same");
        area.assertContent("unequal.txt", "here");
        assertThat(area.files(first)).hasSize(3);
        Await.until(
                "the copy is listed",
                SOON,
                () -> first.face().get("/v1/conflicts").body().contains("unequal (conflict"));
    }

    /// A10.
    @Test
    void fileMadeInDirectoryThatIsDeletedElsewhereSurvives() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(first), "mkdir d && printf old > d/old");
        cluster.awaitSame(SOON);
        third.stop();
        area.write(third, "d/new", "made apart");
        Shell.in(area.on(first), "rm -r d");
        Await.until("node2 has followed", SOON, () -> !Files.exists(area.on(2).resolve("d")));
        third.cont();
        area.awaitSameAndKept(SOON);
        area.assertPaths("d", "d/new");
    }

    /// A09, second half.
    @Test
    void directoryKeepsTheNameAgainstFileAndTheFileIsKept() throws Exception {
        Area area = SHARED.area();
        third.stop();
        Shell.in(area.on(first), "mkdir x && printf in > x/f");
        area.writeUnseen(third, "x", "a file of that name");
        area.writeUnseen(first, "y", "another file");
        Shell.in(area.on(third), "mkdir y && printf in > y/f");
        Await.until("node2 has followed", SOON, () -> Files.exists(area.on(2).resolve("x/f")));
        area.awaitContent(cluster.node(2), "y", "another file");
        third.cont();
        cluster.awaitSame(SOON);
        area.assertContent("x/f", "in");
        area.assertContent("y/f", "in");
        assertThat(area.files(third).values())
                .contains(Sha256.of("a file of that name".getBytes(UTF_8)), Sha256.of("another file".getBytes(UTF_8)));
    }

    /// A30 in small.
    @Test
    void manyConflictsAtOnceKeepEveryEdit() throws Exception {
        Area area = SHARED.area();
        for (int i = 0; i < 200; i++) {
            area.write(first, "f" + i + ".txt", "base " + i);
        }
        area.awaitSameAndKept(SOON);
        third.stop();
        for (int i = 0; i < 200; i++) {
            area.write(first, "f" + i + ".txt", "majority " + i);
            area.writeUnseen(third, "f" + i + ".txt", "apart " + i);
        }
        area.awaitContent(cluster.node(2), "f199.txt", "majority 199");
        third.cont();
        area.awaitSameAndKept(SOON);
        assertThat(area.files(first)).hasSize(400);
        for (int i = 0; i < 200; i++) {
            area.assertContent("f" + i + ".txt", "majority " + i);
        }
    }

    /// G6: moves that would make a cycle.
    @Test
    void movesIntoEachOtherLoseNoSubtree() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(first), "mkdir a b && printf a > a/in-a && printf b > b/in-b");
        cluster.awaitSame(SOON);
        third.stop();
        Shell.in(area.on(first), "mv a b/a");
        Shell.in(area.on(third), "mv b a/b");
        Await.until("node2 has followed", SOON, () -> Files.exists(area.on(2).resolve("b/a/in-a")));
        third.cont();
        cluster.awaitSame(SOON);
        List<String> files = new ArrayList<>(area.files(first).keySet());
        files.sort(Comparator.naturalOrder());
        assertThat(files).as("both files, each once").hasSize(2);
        assertThat(String.join(" ", files)).contains("in-a").contains("in-b");
    }
}
