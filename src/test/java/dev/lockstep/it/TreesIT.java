package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Names and directories: created, deleted, moved, and raced against the watcher.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class TreesIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(30);

    private final LocalCluster cluster = SHARED.cluster();

    /// T19.
    @Test
    void deletedFilesStayDeletedAndNamesCanBeUsedAgain() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "other", "one");
        for (Node node : cluster.nodes()) {
            area.write(cluster.node(1), "f", "old");
            area.awaitContent("f", "old");
            area.delete(node, "f");
            area.awaitAbsent("f");
            area.write(cluster.node(1), "other", "edited after the deletion on " + node.id());
            area.awaitContent("other", "edited after the deletion on " + node.id());
            area.awaitSameAndKept(SOON);
            area.assertPaths("other");
        }
        area.write(cluster.node(2), "f", "new");
        area.awaitSameAndKept(SOON);
        area.assertPaths("f", "other");
        area.assertContent("f", "new");
    }

    /// T20.
    @Test
    void renamesMoveTheContentAndLeaveNothingBehind() throws Exception {
        Area area = SHARED.area();
        Files.createDirectory(area.on(1).resolve("d"));
        for (String name : List.of("plain", "mover", "x", "y", "over", "under")) {
            area.write(cluster.node(1), name, "content of " + name);
        }
        area.awaitSameAndKept(SOON);
        Shell.in(area.on(1), "mv plain renamed");
        Shell.in(area.on(2), "mv mover d/moved");
        Shell.in(area.on(3), "mv x t && mv y x && mv t y");
        Shell.in(area.on(2), "mv -f over under");
        cluster.awaitSame(SOON);
        area.assertPaths("d", "d/moved", "renamed", "under", "x", "y");
        area.assertContent("renamed", "content of plain");
        area.assertContent("d/moved", "content of mover");
        area.assertContent("x", "content of y");
        area.assertContent("y", "content of x");
        area.assertContent("under", "content of over");
    }

    /// T21, T22.
    @Test
    void nestedTreesArriveWholeAndGoWhole() throws Exception {
        Area area = SHARED.area();
        Path outside = Files.createDirectory(cluster.home().resolve("outside-" + area.name()));
        for (int i = 0; i < 1000; i++) {
            Files.writeString(outside.resolve("f" + i), "file " + i);
        }
        Shell.in(area.on(1), "mkdir -p a/b/c/d/e && printf deep > a/b/c/d/e/f.txt");
        Shell.in(area.on(2), "mkdir new && printf 1 > new/1 && printf 2 > new/2");
        Files.createDirectory(area.on(3).resolve("empty"));
        Files.move(outside, area.on(3).resolve("in"));
        cluster.awaitSame(SOON);
        area.assertContent("a/b/c/d/e/f.txt", "deep");
        area.assertContent("new/2", "2");
        area.assertContent("in/f999", "file 999");
        List<String> paths = new ArrayList<>(List.of("a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e", "a/b/c/d/e/f.txt"));
        paths.addAll(List.of("new", "new/1", "new/2", "empty", "in"));
        for (int i = 0; i < 1000; i++) {
            paths.add("in/f" + i);
        }
        area.assertPaths(paths);
        Shell.in(area.on(2), "rm -r a empty");
        cluster.awaitSame(SOON);
        paths.removeIf(path -> path.equals("a") || path.startsWith("a/") || path.equals("empty"));
        area.assertPaths(paths);
    }

    /// T23.
    @Test
    void editRightAfterMoveOfDirectoryLandsUnderTheNewName() throws Exception {
        Area area = SHARED.area();
        Files.createDirectory(area.on(1).resolve("old"));
        List<String> paths = new ArrayList<>(List.of("new"));
        for (int i = 0; i < 100; i++) {
            Files.writeString(area.on(1).resolve("old/f" + i), "content " + i);
            paths.add("new/f" + i);
        }
        cluster.awaitSame(SOON);
        Files.move(area.on(1).resolve("old"), area.on(1).resolve("new"));
        Files.writeString(area.on(1).resolve("new/f50"), "edited");
        cluster.awaitSame(SOON);
        area.assertPaths(paths);
        area.assertContent("new/f50", "edited");
        area.assertContent("new/f51", "content 51");
    }

    /// A08 in small: a directory is moved on one node while another one edits in it.
    @Test
    void editsFollowDirectoryThatMovesMeanwhile() throws Exception {
        Area area = SHARED.area();
        Files.createDirectory(area.on(1).resolve("old"));
        List<String> paths = new ArrayList<>(List.of("new"));
        for (int i = 0; i < 200; i++) {
            Files.writeString(area.on(1).resolve("old/f" + i), "content " + i);
            paths.add("new/f" + i);
        }
        cluster.awaitSame(SOON);
        Node third = cluster.node(3);
        third.stop();
        for (int i = 0; i < 20; i++) {
            Files.writeString(area.on(third).resolve("old/f" + i), "edited " + i);
        }
        Files.move(area.on(1).resolve("old"), area.on(1).resolve("new"));
        Await.until("node2 has the move", SOON, () -> Files.exists(area.on(2).resolve("new/f199")));
        third.cont();
        cluster.awaitSame(Duration.ofMinutes(1));
        area.assertPaths(paths);
        for (int i = 0; i < 20; i++) {
            area.assertContent("new/f" + i, "edited " + i);
        }
    }

    /// A09.
    @Test
    void nameCanChangeItsKindAgainAndAgain() throws Exception {
        Area area = SHARED.area();
        for (int round = 0; round < 50; round++) {
            Shell.in(area.on(1 + round % 3), """
                    rm -rf x && printf file > x
                    rm x && mkdir x && printf inside > x/f
                    rm -r x && ln -s elsewhere x
                    rm x && printf '%s' > x
                    """.formatted("round " + round));
            area.awaitContent("x", "round " + round);
        }
        cluster.awaitSame(SOON);
        area.assertPaths("x");
        area.assertContent("x", "round 49");
    }

    /// B01.
    @Test
    void filesInJustMadeDirectoriesAreNotMissed() throws Exception {
        Area area = SHARED.area();
        for (int round = 0; round < 500; round++) {
            Path directory = Files.createDirectories(area.on(1).resolve("a" + round + "/b/c/d"));
            Files.writeString(directory.resolve("f"), "x" + round);
        }
        // A periodic scan would come later than this.
        cluster.awaitSame(Duration.ofSeconds(25));
        for (int round = 0; round < 500; round++) {
            area.assertContent("a" + round + "/b/c/d/f", "x" + round);
        }
    }

    /// B05.
    @Test
    void editsBelowRenamedAndSwappedDirectoriesHaveTheRightPaths() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), "mkdir d p q && printf 1 > d/f && printf p > p/f && printf q > q/f");
        cluster.awaitSame(SOON);
        Shell.in(area.on(1), "mv d e && printf 2 > e/f && mkdir d && printf 3 > d/f");
        cluster.awaitSame(SOON);
        Shell.in(area.on(1), "printf 4 > e/f && printf 5 > d/f && mv p t && mv q p && mv t q && printf new > p/g");
        cluster.awaitSame(SOON);
        area.assertPaths("d", "d/f", "e", "e/f", "p", "p/f", "p/g", "q", "q/f");
        area.assertContent("e/f", "4");
        area.assertContent("d/f", "5");
        area.assertContent("p/f", "q");
        area.assertContent("q/f", "p");
        area.assertContent("p/g", "new");
    }

    /// B06.
    @Test
    void directoryMovedOutIsNoLongerReplicated() throws Exception {
        Area area = SHARED.area();
        Path outside = cluster.home().resolve("gone-" + area.name());
        Shell.in(area.on(1), "mkdir d && printf 1 > d/f && printf stays > s");
        cluster.awaitSame(SOON);
        Files.move(area.on(1).resolve("d"), outside);
        Files.writeString(outside.resolve("f"), "edited outside");
        Files.writeString(outside.resolve("g"), "made outside");
        area.awaitAbsent("d");
        cluster.awaitSame(SOON);
        area.assertPaths("s");
        Files.move(outside, area.on(1).resolve("back"));
        cluster.awaitSame(SOON);
        area.assertPaths("back", "back/f", "back/g", "s");
        area.assertContent("back/f", "edited outside");
    }

    /// B07, with names moved about while nobody looks.
    @Test
    void whatHappenedWhileTheNodeStoodStillIsFound() throws Exception {
        Area area = SHARED.area();
        for (int i = 0; i < 100; i++) {
            area.write(cluster.node(1), "f" + i, "before " + i);
        }
        area.awaitSameAndKept(SOON);
        Node first = cluster.node(1);
        first.stop();
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            String script = switch (i % 4) {
                case 0 -> "rm f%d && printf made > f%d && mv f%d g%d";
                case 1 -> "mv f%d g%d && printf edited > g%d && mv g%d f" + i;
                case 2 -> "printf edited > f%d && rm f%d && printf 'made again' > f%d; : %d";
                default -> "mv f%d t%d && rm t%d; : %d";
            };
            Shell.in(area.on(first), script.formatted(i, i, i, i));
            if (i % 4 != 3) {
                paths.add((i % 4 == 0 ? "g" : "f") + i);
            }
        }
        first.cont();
        cluster.awaitSame(Duration.ofMinutes(1));
        area.assertPaths(paths);
        area.assertContent("g0", "made");
        area.assertContent("f1", "edited");
        area.assertContent("f2", "made again");
    }

    /// B10.
    @Test
    void shortLivedFilesLeaveNothing() throws Exception {
        Area area = SHARED.area();
        for (int i = 0; i < Load.of(2000, 20_000); i++) {
            Path file = area.on(1).resolve("t" + i);
            Files.writeString(file, "short life");
            Files.delete(file);
        }
        area.write(cluster.node(1), "last", "stays");
        area.awaitSameAndKept(SOON);
        area.assertPaths("last");
    }

    /// B11.
    @Test
    void directoryMadeAgainManyTimesHoldsItsLastFile() throws Exception {
        Area area = SHARED.area();
        int last = Load.of(200, 1000) - 1;
        for (int i = 0; i <= last; i++) {
            Path directory = Files.createDirectory(area.on(1).resolve("d"));
            Files.writeString(directory.resolve("f" + i), "file " + i);
            if (i < last) {
                Files.delete(directory.resolve("f" + i));
                Files.delete(directory);
            }
        }
        cluster.awaitSame(SOON);
        area.assertPaths("d", "d/f" + last);
        area.assertContent("d/f" + last, "file " + last);
    }

    /// T55: nothing of the program's own shows in a folder but its marker.
    @Test
    void folderHoldsNothingInternalButTheMarker() throws Exception {
        for (Node node : cluster.nodes()) {
            try (var children = Files.list(node.folder())) {
                List<String> foreign = children.map(path -> path.getFileName().toString())
                        .filter(name -> !name.startsWith("area") && !name.equals(".lockstep"))
                        .toList();
                assertThat(foreign).as("at the root of %s", node.id()).isEmpty();
            }
            assertThat(node.folder().resolve(".lockstep")).exists();
        }
    }
}
