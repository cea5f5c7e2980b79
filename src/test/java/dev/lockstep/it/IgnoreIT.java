package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import tools.jackson.databind.JsonNode;

/// What `.lockstepignore` names is each node's own.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class IgnoreIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(30);

    private final LocalCluster cluster = SHARED.cluster();

    /// Another node than the one that needs them writes the rules.
    private void rules(Node node, String rules) throws Exception {
        Files.writeString(node.folder().resolve(".lockstepignore"), rules);
        awaitSettled();
        for (Node each : cluster.nodes()) {
            assertThat(each.folder().resolve(".lockstepignore")).hasContent(rules);
        }
    }

    /// Everything is committed and placed everywhere, and all nodes find each other the same.
    private void awaitSettled() {
        Await.untilAsserted("all nodes are the same", SOON, () -> {
            for (Node node : cluster.nodes()) {
                var answer = node.face().sync(true, Duration.ofSeconds(10));
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            }
            JsonNode report = cluster.node(1).face().verify(false);
            assertThat(report.get("same").asBoolean()).as(report.toString()).isTrue();
        });
    }

    private static Set<String> paths(Area area, Node node) throws Exception {
        return new TreeSet<>(TreeImage.of(area.on(node)).items().keySet());
    }

    @Test
    void ignoredEntriesAreEachNodesOwn() throws Exception {
        Area area = SHARED.area();
        rules(cluster.node(1), "*.log\n" + area.name() + "/build/\n");
        for (Node node : cluster.nodes()) {
            Files.writeString(area.on(node).resolve("a.log"), "of " + node.id());
            Files.createDirectory(area.on(node).resolve("build"));
            Files.writeString(area.on(node).resolve("build/x"), "of " + node.id());
        }
        area.write(cluster.node(2), "f", "shared");
        awaitSettled();
        long index = cluster.node(1).commitIndex();
        for (Node node : cluster.nodes()) {
            assertThat(area.on(node).resolve("a.log")).hasContent("of " + node.id());
            assertThat(area.on(node).resolve("build/x")).hasContent("of " + node.id());
            assertThat(paths(area, node)).containsExactly("a.log", "build", "build/x", "f");
        }
        Shell.in(area.on(3), "printf more >> a.log; rm -r build");
        awaitSettled();
        assertThat(cluster.node(1).commitIndex()).isEqualTo(index);
        assertThat(area.on(1).resolve("build/x")).exists();
    }

    @Test
    void rulesWrittenJustBeforeHoldForWhatComesNext() throws Exception {
        Area area = SHARED.area();
        for (int round = 0; round < 20; round++) {
            String name = "late" + round;
            Shell.in(
                    cluster.node(2).folder(),
                    "printf '" + name + "\\n' > .lockstepignore && printf own > " + area.name() + "/" + name);
        }
        area.write(cluster.node(2), "f", "shared");
        awaitSettled();
        // Only the last rule holds at the end: what the others named is replicated by now.
        for (Node node : cluster.nodes()) {
            assertThat(area.on(node).resolve("late0")).exists();
            assertThat(Files.exists(area.on(node).resolve("late19"))).isEqualTo(node == cluster.node(2));
        }
    }

    @Test
    void whatBecomesIgnoredStaysOnEveryNodeAndIsNoLongerReplicated() throws Exception {
        Area area = SHARED.area();
        rules(cluster.node(1), "");
        Shell.in(area.on(1), "mkdir cache && for i in 1 2 3 4 5 6 7 8 9; do printf shared > cache/$i; done");
        area.write(cluster.node(1), "f", "shared");
        awaitSettled();
        rules(cluster.node(2), "cache/\n");
        Await.until(
                "the catalog has forgotten it",
                SOON,
                () -> cluster.node(3)
                                .face()
                                .verify(false)
                                .get("trees")
                                .get(0)
                                .get("entries")
                                .asLong()
                        == entriesExpected());
        for (Node node : cluster.nodes()) {
            assertThat(area.on(node).resolve("cache/9")).hasContent("shared");
        }
        Files.writeString(area.on(1).resolve("cache/1"), "of node1 alone");
        Files.delete(area.on(2).resolve("cache/1"));
        awaitSettled();
        assertThat(area.on(1).resolve("cache/1")).hasContent("of node1 alone");
        assertThat(area.on(2).resolve("cache/1")).doesNotExist();
        assertThat(area.on(3).resolve("cache/1")).hasContent("shared");

        // No longer ignored: each node proposes its own, and what differs is kept twice.
        rules(cluster.node(3), "");
        cluster.awaitSame(SOON);
        area.assertContent("cache/9", "shared");
        Set<String> contents = new TreeSet<>();
        area.files(cluster.node(2)).forEach((path, digest) -> {
            if (path.startsWith("cache/1")) {
                contents.add(digest);
            }
        });
        assertThat(contents).containsExactlyInAnyOrder(digest("shared"), digest("of node1 alone"));
    }

    private static String digest(String content) {
        return Sha256.of(content.getBytes(StandardCharsets.UTF_8));
    }

    /// What stands in the folder of node3 but is not below an ignored directory.
    private long entriesExpected() throws Exception {
        return TreeImage.ofFolder(cluster.node(3).folder()).items().keySet().stream()
                .filter(path -> !path.contains("/cache"))
                .count();
    }

    @Test
    void deletedDirectoryStaysWhereItHoldsIgnoredEntries() throws Exception {
        Area area = SHARED.area();
        rules(cluster.node(1), "*.own\n");
        Shell.in(area.on(1), "mkdir -p d/e && printf shared > d/e/f");
        awaitSettled();
        Files.writeString(area.on(2).resolve("d/e/x.own"), "of node2");
        Shell.in(area.on(1), "rm -r d");
        awaitSettled();
        assertThat(paths(area, cluster.node(1))).isEmpty();
        assertThat(paths(area, cluster.node(3))).isEmpty();
        assertThat(paths(area, cluster.node(2))).containsExactly("d", "d/e", "d/e/x.own");
        assertThat(cluster.node(2).status().get("unplaceable").toString()).contains(area.name() + "/d/e");

        cluster.node(2).term();
        cluster.startAll();
        awaitSettled();
        assertThat(area.on(2).resolve("d/e/x.own")).hasContent("of node2");
        assertThat(cluster.node(2).status().get("unplaceable").toString()).contains(area.name() + "/d/e");

        Files.delete(area.on(2).resolve("d/e/x.own"));
        Await.until(
                "the directory is gone", SOON, () -> Files.notExists(area.on(2).resolve("d")));
        awaitSettled();
        assertThat(cluster.node(2).status().get("unplaceable").size()).isZero();
    }

    /// T25: what an editor puts beside a file for a moment never shows on another node.
    @Test
    void editorsLeftoversNeverShowElsewhere() throws Exception {
        Area area = SHARED.area();
        rules(cluster.node(3), "*.sw?\n*~\n4913\n.#*\n\\#*#\n");
        area.write(cluster.node(1), "f", "start");
        awaitSettled();
        Set<String> seen = new ConcurrentSkipListSet<>();
        AtomicBoolean isOver = new AtomicBoolean();
        Thread watch = Thread.ofPlatform().start(() -> {
            while (!isOver.get()) {
                for (int number = 2; number <= 3; number++) {
                    String[] names = area.on(number).toFile().list();
                    seen.addAll(names == null ? Set.of() : Set.of(names));
                }
            }
        });
        for (int save = 0; save < 50; save++) {
            Shell.in(area.on(1), """
                    printf swap > .f.swp && printf probe > 4913 && rm 4913
                    ln -s me@here .#f && printf auto > '#f#'
                    mv f f~ && printf '%s' > f && chmod 644 f
                    rm .f.swp .#f '#f#'
                    """.formatted("save " + save));
        }
        area.awaitContent("f", "save 49");
        awaitSettled();
        isOver.set(true);
        watch.join();
        assertThat(seen).containsExactly("f");
        assertThat(paths(area, cluster.node(1))).containsExactly("f", "f~");
        assertThat(area.on(1).resolve("f~")).hasContent("save 48");
        assertThat(paths(area, cluster.node(2))).containsExactly("f");
    }

    /// The rules come to a node that was down, together with what other nodes did under them.
    @Test
    void nodeThatWasAwayLeavesAloneWhatBecameIgnoredMeanwhile() throws Exception {
        Area area = SHARED.area();
        rules(cluster.node(1), "");
        area.write(cluster.node(1), "kept.data", "shared");
        awaitSettled();
        Node third = cluster.node(3);
        third.kill9();
        Files.writeString(cluster.node(1).folder().resolve(".lockstepignore"), "*.data\n");
        Files.writeString(area.on(third).resolve("kept.data"), "edited while down");
        Await.until(
                "the entry is released",
                SOON,
                () -> cluster.node(1)
                                .face()
                                .get("/v1/files/" + area.name() + "/kept.data")
                                .statusCode()
                        == 404);
        Shell.in(area.on(1), "rm kept.data");
        cluster.startAll();
        awaitSettled();
        assertThat(area.on(third).resolve("kept.data")).hasContent("edited while down");
        assertThat(area.on(2).resolve("kept.data")).hasContent("shared");
        assertThat(area.on(1).resolve("kept.data")).doesNotExist();
    }
}
