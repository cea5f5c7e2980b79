package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Nodes that end, by request or by force, and start again by the very same command.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class RestartIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final Duration END_MAX = Duration.ofSeconds(10);
    private static final int ENDED_BY_SIGTERM = 143;

    private final LocalCluster cluster = SHARED.cluster();

    /// T41, C10, T50.
    @Test
    void eachNodeRejoinsAfterAnOrderlyEndAndTouchesNothing() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f", "edited before the restart");
        area.awaitSameAndKept(SOON);
        for (Node node : cluster.nodes()) {
            area.write(cluster.node(1), "f", "edited before the restart of " + node.id());
            area.awaitSameAndKept(SOON);
            var before = TreeImage.of(area.on(node)).stamps();
            assertEndedWell(node.term());
            node.start();
            cluster.awaitReady();
            area.awaitSameAndKept(SOON);
            assertThat(TreeImage.of(area.on(node)).stamps())
                    .as("untouched on %s", node.id())
                    .isEqualTo(before);
            area.assertContent("f", "edited before the restart of " + node.id());
        }
    }

    /// C10: under load.
    @Test
    void orderlyEndUnderLoadIsQuickAndLosesNothing() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        Node writer = cluster.node(2);
        Rhythm.play(Duration.ofMillis(10), 200, beat -> {
            if (beat == 100) {
                assertEndedWell(writer.term());
            }
            area.write(writer, "f" + beat, "file " + beat);
            paths.add("f" + beat);
        });
        writer.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
    }

    private static void assertEndedWell(Shell.Ended ended) {
        assertThat(ended.took()).as("time to end").isLessThan(END_MAX);
        assertThat(ended.code()).as("exit status after SIGTERM").isIn(0, ENDED_BY_SIGTERM);
    }

    /// T42.
    @Test
    void wholeClusterComesBackAfterAnOrderlyEndOfAll() throws Exception {
        Area area = SHARED.area();
        List<String> paths = writeTree(area);
        area.awaitSameAndKept(SOON);
        for (Node node : cluster.nodes()) {
            assertEndedWell(node.term());
        }
        cluster.startAll();
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
    }

    /// T42, C04: what the barrier has passed survives the kill of all, at once.
    @Test
    void wholeClusterComesBackAfterKillOfAll() throws Exception {
        Area area = SHARED.area();
        for (int round = 0; round < 3; round++) {
            area.write(cluster.node(1), "f" + round, "committed " + round);
            area.write(cluster.node(3), "g" + round, "committed " + round);
            for (Node node : cluster.nodes()) {
                assertThat(node.face().sync(false, Duration.ofSeconds(10)).statusCode())
                        .isEqualTo(200);
            }
            for (Node node : cluster.nodes()) {
                node.kill9();
            }
            cluster.startAll();
            area.awaitSameAndKept(SOON);
        }
        area.assertPaths("f0", "f1", "f2", "g0", "g1", "g2");
        List<String> paths = writeTree(area);
        paths.addAll(List.of("f0", "f1", "f2", "g0", "g1", "g2"));
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
    }

    private List<String> writeTree(Area area) throws Exception {
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            Node node = cluster.node(1 + i % 3);
            Files.createDirectories(area.on(node).resolve("d" + i));
            area.write(node, "d" + i + "/f", "file " + i);
            paths.addAll(List.of("d" + i, "d" + i + "/f"));
        }
        area.write(cluster.node(2), "large", new SelfDescribing("node2", 1, 3_000_000).bytes());
        paths.add("large");
        return paths;
    }

    /// T43, B08.
    @Test
    void whatHappensInTheFolderOfNodeThatIsDownTakesEffectEverywhere() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), """
                mkdir d e
                for f in kept modified deleted renamed same d/in e/in; do printf "old $f" > $f; done
                """);
        cluster.awaitSame(SOON);
        for (boolean isKilled : new boolean[] {false, true}) {
            Node second = cluster.node(2);
            if (isKilled) {
                second.kill9();
            } else {
                second.term();
            }
            String suffix = isKilled ? "2" : "1";
            String script = isKilled
                    ? "printf new2 > made2 && printf new2 > modified && rm kept && mv new1 new2 && rm -r e"
                    : """
                            printf new1 > made1 && printf new1 > modified && rm deleted && mv renamed new1
                            touch -r same .stamp && printf 'OLD same' > same && touch -r .stamp same && rm .stamp
                            mv d moved
                            """;
            Shell.in(area.on(second), script);
            second.start();
            cluster.awaitReady();
            cluster.awaitSame(SOON);
            area.assertContent("modified", "new" + suffix);
            area.assertContent("made" + suffix, "new" + suffix);
        }
        area.assertPaths("made1", "made2", "modified", "moved", "moved/in", "new2", "same");
        area.assertContent("new2", "old renamed");
        area.assertContent("same", "OLD same");
        area.assertContent("moved/in", "old d/in");
    }

    /// G7: a node that was away brings nothing deleted back and deletes nothing that was edited.
    @Test
    void nodeThatWasAwayBringsNothingBack() throws Exception {
        Area area = SHARED.area();
        for (String name : List.of("gone", "edited", "stays")) {
            area.write(cluster.node(1), name, "old");
        }
        area.awaitSameAndKept(SOON);
        Node third = cluster.node(3);
        third.kill9();
        area.delete(cluster.node(1), "gone");
        area.write(cluster.node(2), "edited", "new");
        Files.delete(area.on(third).resolve("edited"));
        third.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        area.assertPaths("edited", "stays");
        area.assertContent("edited", "new");
    }

    /// A name changes hands between a file and a directory that holds the file: neither can be placed first.
    @Test
    void nodeThatWasAwayPutsFilesIntoDirectoriesInTheirPlaces() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), """
                for f in same other deep twice into; do printf "content of $f" > $f; done
                ln -s nowhere link; mkdir stands; printf in > stands/in
                """);
        cluster.awaitSame(SOON);
        Node third = cluster.node(3);
        third.kill9();
        Shell.in(area.on(1), """
                mv same t; mkdir same; mv t same/same
                mv other t; mkdir other; mv t other/x
                mv deep t; mkdir -p deep/a/b; mv t deep/a/b/x
                mv twice t; mkdir twice; printf taken > twice/twice; mv t twice/second
                mv link t; mkdir link; mv t link/x
                mv into stands/in2; mv stands into
                """);
        cluster.awaitSame(SOON);
        third.start();
        cluster.awaitReady();
        cluster.awaitSame(SOON);
        area.assertContent("same/same", "content of same");
        area.assertContent("other/x", "content of other");
        area.assertContent("deep/a/b/x", "content of deep");
        area.assertContent("twice/twice", "taken");
        area.assertContent("twice/second", "content of twice");
        area.assertContent("into/in2", "content of into");
        area.assertPaths(
                "deep",
                "deep/a",
                "deep/a/b",
                "deep/a/b/x",
                "into",
                "into/in",
                "into/in2",
                "link",
                "link/x",
                "other",
                "other/x",
                "same",
                "same/same",
                "twice",
                "twice/second",
                "twice/twice");
    }

    /// T48, C01 in small: each file is one complete version after every kill.
    @Test
    void killedNodeNeverLeavesPartOfFile() throws Exception {
        Area area = SHARED.area();
        Node writer = cluster.node(1);
        Node victim = cluster.node(3);
        for (int round = 0; round < 5; round++) {
            int first = round * 40;
            Rhythm.play(Duration.ofMillis(10), 40, beat -> {
                if (beat == 15) {
                    victim.kill9();
                }
                int sequence = first + beat;
                byte[] version = new SelfDescribing("node1", sequence, 1000 + 5000 * (beat % 10)).bytes();
                area.write(writer, "f" + beat % 10, version);
            });
            try (var files = Files.list(area.on(victim))) {
                assertThat(files).as("on the killed node").allMatch(file -> {
                    try {
                        return SelfDescribing.of(Files.readAllBytes(file)).isPresent();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
            victim.start();
            cluster.awaitReady();
        }
        area.awaitSameAndKept(SOON);
        assertThat(area.files(victim)).hasSize(10);
    }
}
