package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/// What the system does not tell, or tells late, or tells in a strange way.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class WatchIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(40);
    private static final Duration RESCAN = Duration.ofSeconds(75);
    /// In a user namespace, where the limit is the namespace's own.
    private static final List<String> LIMITED =
            List.of("unshare", "-Ur", "sh", "-c", "echo $0 > /proc/sys/user/$1 && shift && exec \"$@\"");

    private final LocalCluster cluster = SHARED.cluster();

    private static List<String> limited(String what, int most) {
        List<String> prefix = new ArrayList<>(LIMITED);
        prefix.addAll(List.of(Integer.toString(most), what));
        return prefix;
    }

    private void restartLimited(Node node, String what, int most) throws Exception {
        List<String> trial = new ArrayList<>(limited(what, most));
        trial.add("true");
        assumeTrue(
                Shell.run(cluster.home(), trial, Duration.ofSeconds(10)).code() == 0,
                "this system lets one make a user namespace");
        node.term();
        node.startUnder(limited(what, most));
        cluster.awaitReady(node);
    }

    private static void makeDirectories(Path in, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            Files.createDirectory(in.resolve("d" + i));
        }
    }

    /// B02: more events than the kernel keeps. Directories, edits and deletions; most of what was there is gone.
    @Test
    void overflowOfTheEventQueueLosesNothing() throws Exception {
        Area area = SHARED.area();
        for (int i = 0; i < 40; i++) {
            area.write(cluster.node(1), "old" + i, "old " + i);
        }
        area.awaitSameAndKept(SOON);
        Node first = cluster.node(1);
        first.stop();
        overflow(area.on(first));
        Shell.in(area.on(first), """
                for d in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
                  mkdir new$d
                  i=0
                  while [ $i -lt 350 ]; do echo $d.$i > new$d/f$i; i=$((i+1)); done
                  mv new$d/f0 new$d/moved
                  rm new$d/f1
                  echo edited > new$d/f2
                done
                for i in 0 1 2 3 4 5 6 7 8 9; do rm old$i; echo edited > old1$i; mv old2$i old2$i.moved; done
                mv new3 new3.moved
                """);
        first.cont();
        cluster.awaitSame(Duration.ofMinutes(3));
        assertThat(first.logTail()).contains("event queue overflowed");
        assertThat(first.status().get("deletionsHalted").isNull()).isTrue();
        area.assertContent("new19/f349", "19.349\n");
        area.assertContent("new7/moved", "7.0\n");
        area.assertContent("new3.moved/f2", "edited\n");
        area.assertContent("old15", "edited\n");
        area.assertContent("old25.moved", "old 25");
        for (Node node : cluster.nodes()) {
            assertThat(area.on(node).resolve("old5")).doesNotExist();
            assertThat(area.on(node).resolve("new3")).doesNotExist();
            assertThat(area.on(node).resolve("new5/f1")).doesNotExist();
        }
    }

    /// Makes more events in a watched directory than the kernel keeps (16384 by default).
    private static void overflow(Path directory) throws Exception {
        // In one read: another one, further on, gets nothing of such a file.
        List<String> lines = Files.readAllLines(Path.of("/proc/sys/fs/inotify/max_queued_events"));
        int most = Integer.parseInt(lines.getFirst());
        assumeTrue(most <= 20_000, "the kernel's queue is of the usual size");
        for (int i = 0; i <= most / 2; i++) {
            Path shortLived = Files.createFile(directory.resolve("t"));
            Files.delete(shortLived);
        }
    }

    /// B02: nothing but deletions, of almost everything, in an overflow: no reason to halt, the folder was watched.
    @Test
    void deletionOfAlmostEverythingInAnOverflowIsReplicated() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), "mkdir d && cd d && for i in $(seq 0 199); do echo $i > f$i; done");
        cluster.awaitSame(SOON);
        Node first = cluster.node(1);
        first.stop();
        overflow(area.on(first));
        Shell.in(area.on(first), "rm -r d");
        first.cont();
        cluster.awaitSame(Duration.ofMinutes(2));
        area.assertPaths();
        assertThat(first.logTail()).contains("event queue overflowed");
        assertThat(first.status().get("deletionsHalted").isNull()).isTrue();
    }

    /// B03.
    @Test
    void withoutFreeWatchesTheNodeSaysSoAndStillConverges() throws Exception {
        Area area = SHARED.area();
        makeDirectories(area.on(1), 200);
        cluster.awaitSame(SOON);
        Node first = cluster.node(1);
        restartLimited(first, "max_inotify_watches", 50);
        JsonNode status = first.status();
        assertThat(status.get("watch").asString()).isEqualTo("degraded");
        assertThat(status.get("watchReason").asString()).contains("fs.inotify.max_user_watches");
        for (int i = 0; i < 200; i++) {
            Files.writeString(area.on(first).resolve("d" + i + "/f"), "written " + i);
        }
        // The barrier does not trust a watch that is degraded.
        assertThat(first.face().sync(true, Duration.ofSeconds(30)).statusCode()).isEqualTo(200);
        for (int i = 0; i < 200; i++) {
            assertThat(area.on(2).resolve("d" + i + "/f")).hasContent("written " + i);
        }
        Files.writeString(area.on(first).resolve("d199/f"), "found by the rescan alone");
        Files.writeString(area.on(2).resolve("d198/f"), "of another node");
        Await.until(
                "a rescan has found it",
                RESCAN,
                () -> Files.readString(area.on(3).resolve("d199/f")).equals("found by the rescan alone"));
        cluster.awaitSame(SOON);
        first.term();
        first.start();
        cluster.awaitReady(first);
        assertThat(first.status().get("watch").asString()).isEqualTo("ok");
    }

    /// B04.
    @Test
    void withoutAnInotifyInstanceTheNodeComparesInstead() throws Exception {
        Area area = SHARED.area();
        Node first = cluster.node(1);
        restartLimited(first, "max_inotify_instances", 0);
        assertThat(first.status().get("watch").asString()).isEqualTo("degraded");
        assertThat(first.status().get("watchReason").asString()).contains("fs.inotify.max_user_instances");
        Files.writeString(area.on(first).resolve("f"), "found by comparing");
        Await.until(
                "it has arrived",
                RESCAN,
                () -> Files.exists(area.on(2).resolve("f"))
                        && Files.exists(area.on(3).resolve("f")));
        Files.writeString(area.on(2).resolve("f"), "of another node");
        Await.until(
                "it has come",
                SOON,
                () -> Files.readString(area.on(first).resolve("f")).equals("of another node"));
        Files.delete(area.on(first).resolve("f"));
        assertThat(first.face().sync(true, Duration.ofSeconds(30)).statusCode()).isEqualTo(200);
        area.assertPaths();
        first.term();
        first.start();
        cluster.awaitReady(first);
        assertThat(first.status().get("watch").asString()).isEqualTo("ok");
    }

    /// B16: a log that is never closed.
    @Test
    void fileThatIsNeverClosedIsReplicatedAllTheSame() throws Exception {
        Area area = SHARED.area();
        Path log = area.on(1).resolve("log");
        try (OutputStream out = Files.newOutputStream(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            int[] lines = {0};
            Rhythm.play(Duration.ofMillis(100), 60, beat -> {
                out.write(("line " + beat + "\n").getBytes(StandardCharsets.UTF_8));
                lines[0]++;
            });
            Await.until(
                    "all lines are elsewhere, and the file is still open",
                    SOON,
                    () -> Files.readAllLines(area.on(2).resolve("log")).size() == lines[0]);
        }
        cluster.awaitSame(SOON);
        area.assertPaths("log");
    }

    /// B16: versions come while it is being written, not only in a pause.
    @Test
    void fileThatIsWrittenToAllTheTimeShowsElsewhereMeanwhile() throws Exception {
        Area area = SHARED.area();
        Path log = area.on(1).resolve("log");
        List<Integer> seen = new ArrayList<>();
        try (OutputStream out = Files.newOutputStream(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            Rhythm.play(Duration.ofMillis(50), 200, beat -> {
                out.write("x".getBytes(StandardCharsets.UTF_8));
                Path there = area.on(3).resolve("log");
                seen.add(Files.exists(there) ? (int) Files.size(there) : 0);
            });
        }
        assertThat(seen.stream().distinct().count()).as("sizes seen: %s", seen).isGreaterThanOrEqualTo(3);
        cluster.awaitSame(SOON);
        area.assertContent("log", "x".repeat(200));
    }

    /// B17: a rename by link and unlink.
    @Test
    void nameGivenByLinkAndUnlinkIsFound() throws Exception {
        Area area = SHARED.area();
        for (int i = 0; i < 50; i++) {
            Shell.in(
                    area.on(1 + i % 3),
                    "printf 'content %1$s' > .part%1$s && ln .part%1$s f%1$s && rm .part%1$s".formatted(i));
        }
        Await.until(
                "the last one is everywhere",
                SOON,
                () -> Files.exists(area.on(1).resolve("f49"))
                        && Files.exists(area.on(2).resolve("f49"))
                        && Files.exists(area.on(3).resolve("f49")));
        cluster.awaitSame(SOON);
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            paths.add("f" + i);
            area.assertContent("f" + i, "content " + i);
        }
        area.assertPaths(paths);
    }

    /// B06 with a whole tree: moved in while it is being filled.
    @Test
    void treeMovedInWhileItIsFilledIsWhole() throws Exception {
        Area area = SHARED.area();
        Path outside = Files.createDirectory(cluster.home().resolve("outside-" + area.name()));
        for (int round = 0; round < 20; round++) {
            Shell.in(
                    outside, """
                    mkdir -p t/a/b/c t/e
                    for i in 1 2 3 4 5 6 7 8 9; do echo $i > t/a/b/$i; done
                    mv t '%s/t%d' && echo late > '%s/t%d/a/b/c/late' && mkdir '%s/t%d/a/new' && echo x > '%s/t%d/a/new/x'
                    """.formatted(area.on(1), round, area.on(1), round, area.on(1), round, area.on(1), round));
        }
        // A periodic scan would come later than this.
        cluster.awaitSame(Duration.ofSeconds(25));
        for (int round = 0; round < 20; round++) {
            area.assertContent("t" + round + "/a/b/c/late", "late\n");
            area.assertContent("t" + round + "/a/b/9", "9\n");
            area.assertContent("t" + round + "/a/new/x", "x\n");
        }
    }

    /// B01 with all its rounds.
    @Test
    void filesInThousandsOfJustMadeDirectoriesAreNotMissed() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(2), """
                i=0; while [ $i -lt 2000 ]; do mkdir -p a$i/b/c/d && echo x > a$i/b/c/d/f; i=$((i+1)); done
                """);
        cluster.awaitSame(Duration.ofMinutes(2));
        for (int round = 0; round < 2000; round += 7) {
            area.assertContent("a" + round + "/b/c/d/f", "x\n");
        }
    }
}
