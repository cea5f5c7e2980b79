package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// What stood at a path before: told, read and brought back.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class HistoryIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int LARGE_BYTES = 5 << 20;

    private final LocalCluster cluster = SHARED.cluster();

    /// @param seed of its own in each test: a content is held wherever any file or history has it
    private static byte[] large(int seed) {
        byte[] bytes = new byte[LARGE_BYTES + seed];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static List<String> column(JsonNode history, String name) {
        return StreamSupport.stream(history.get("revisions").spliterator(), false)
                .map(line -> line.get(name).asString())
                .toList();
    }

    private void sync(Node node) throws Exception {
        assertThat(node.face().sync(false, SOON).statusCode()).isEqualTo(200);
    }

    /// Writes what no other content can be taken for, and waits for it everywhere.
    private void write(Area area, int node, String path, String text) throws Exception {
        area.write(cluster.node(node), path, text);
        area.awaitContent(path, text);
    }

    private Shell.Ended command(Node node, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--api", node.http()));
        return Launch.command(cluster.home(), all.toArray(String[]::new));
    }

    @Test
    void everyNodeTellsTheSameFiveEditsAndGivesTheirBytes() throws Exception {
        Area area = SHARED.area();
        String path = area.name() + "/file";
        for (int edit = 1; edit <= 5; edit++) {
            write(area, 1 + edit % 3, "file", "text " + edit);
        }
        cluster.awaitSame(SOON);

        JsonNode told = cluster.node(1).face().history(path);
        assertThat(column(told, "what")).containsExactly("edited", "edited", "edited", "edited", "created");
        assertThat(column(told, "node")).containsExactly("node3", "node2", "node1", "node3", "node2");
        assertThat(told.get("current").asString())
                .isEqualTo(column(told, "revision").getFirst());
        assertThat(told.get("revisions").get(0).get("time").asString()).startsWith("20");
        for (Node node : cluster.running()) {
            JsonNode here = node.face().history(path);
            for (String name : List.of("revision", "what", "node", "time", "digest", "size", "mode", "modified")) {
                assertThat(column(here, name)).as("%s on %s", name, node.id()).isEqualTo(column(told, name));
            }
            for (int i = 0; i < 5; i++) {
                String revision = column(told, "revision").get(i);
                var answer = node.face().bytes("/v1/files/" + path + "?revision=" + revision);
                assertThat(answer.body()).asString().isEqualTo("text " + (5 - i));
                assertThat(answer.headers().firstValue("ETag")).contains("\"" + revision + "\"");
                assertThat(node.face()
                                .bytes("/v1/files/" + path, "If-None-Match", "\"" + revision + "\"")
                                .statusCode())
                        .isEqualTo(i == 0 ? 304 : 200);
            }
        }
    }

    @Test
    void bytesComeFromOtherNodesWhereANodeNeverHeldThem() throws Exception {
        Area area = SHARED.area();
        String path = area.name() + "/large";
        Node away = cluster.followers().get(0);
        List<Node> here =
                cluster.running().stream().filter(node -> node != away).toList();
        away.kill9();
        for (int edit = 1; edit <= 3; edit++) {
            area.write(here.get(edit % 2), "large", large(edit));
            area.awaitContent(here.get(0), "large", large(edit));
            area.awaitContent(here.get(1), "large", large(edit));
        }
        cluster.startAll();
        area.awaitContent(away, "large", large(3));

        List<String> revisions = column(away.face().history(path), "revision");
        assertThat(revisions).hasSize(3);
        for (int i = 0; i < 3; i++) {
            byte[] body = away.face()
                    .bytes("/v1/files/" + path + "?revision=" + revisions.get(i))
                    .body();
            assertThat(Sha256.of(body)).isEqualTo(Sha256.of(large(3 - i)));
        }
        var restored = away.face().restore(path + "?revision=" + revisions.get(2));
        assertThat(restored.statusCode()).as(restored.body()).isEqualTo(200);
        for (Node node : cluster.running()) {
            area.awaitContent(node, "large", large(1));
        }
        cluster.awaitSame(SOON);
        assertThat(column(away.face().history(path), "digest").getFirst())
                .isEqualTo(column(away.face().history(path), "digest").get(3));
    }

    @Test
    void anOldRevisionComesBackAsANewOne() throws Exception {
        Area area = SHARED.area();
        String path = area.name() + "/file";
        write(area, 1, "file", "first");
        write(area, 2, "file", "second");
        write(area, 3, "file", "third");
        sync(cluster.node(1));
        String first = column(cluster.node(1).face().history(path), "revision").get(2);

        var restored = cluster.node(1).face().restore(path + "?revision=" + first);

        assertThat(restored.statusCode()).as(restored.body()).isEqualTo(200);
        area.awaitContent("file", "first");
        var again = cluster.node(2).face().restore(path);
        assertThat(again.statusCode()).as(again.body()).isEqualTo(200);
        area.awaitContent("file", "third");
        cluster.awaitSame(SOON);
        assertThat(column(cluster.node(3).face().history(path), "what"))
                .containsExactly("edited", "edited", "edited", "edited", "created");
        area.assertPaths("file");
    }

    @Test
    void deletedFilesComeBackWithTheirDirectories() throws Exception {
        Area area = SHARED.area();
        Files.createDirectories(area.on(1).resolve("d/e"));
        write(area, 1, "d/e/inner", "inner text");
        write(area, 1, "outer", "outer text");
        sync(cluster.node(1));
        Shell.in(area.on(2), "rm -r d outer");
        area.awaitAbsent("d");
        area.awaitAbsent("outer");
        cluster.awaitSame(SOON);

        Shell.Ended listed = command(cluster.node(3), "ls", "--deleted", area.name());
        assertThat(listed.output()).contains(area.name() + "/d/e/inner").contains(area.name() + "/outer");
        for (String path : List.of("d/e/inner", "outer")) {
            Shell.Ended ended = command(cluster.node(3), "restore", area.name() + "/" + path);
            assertThat(ended.code()).as(ended.output()).isZero();
        }
        area.awaitContent("d/e/inner", "inner text");
        area.awaitContent("outer", "outer text");
        cluster.awaitSame(SOON);
        area.assertPaths("d", "d/e", "d/e/inner", "outer");
        assertThat(column(cluster.node(1).face().history(area.name() + "/outer"), "what"))
                .containsExactly("created", "deleted", "created");
    }

    /// G11 of the faults.
    @Test
    void aStaleIfMatchChangesNothing() throws Exception {
        Area area = SHARED.area();
        String path = area.name() + "/file";
        write(area, 1, "file", "first");
        write(area, 1, "file", "second");
        write(area, 1, "file", "third");
        sync(cluster.node(1));
        List<String> revisions = column(cluster.node(2).face().history(path), "revision");

        String stale = "\"" + revisions.get(1) + "\"";
        var refused = cluster.node(2).face().restore(path + "?revision=" + revisions.get(2), "If-Match", stale);

        assertThat(refused.statusCode()).isEqualTo(412);
        Shell.Ended ended =
                command(cluster.node(3), "restore", path + "@" + revisions.get(2), "--if-match", revisions.get(1));
        assertThat(ended.code()).as(ended.output()).isEqualTo(6);
        assertThat(column(cluster.node(2).face().history(path), "revision")).isEqualTo(revisions);
        area.assertContent("file", "third");
        String fresh = "\"" + revisions.get(0) + "\"";
        assertThat(cluster.node(2)
                        .face()
                        .restore(path + "?revision=" + revisions.get(2), "If-Match", fresh)
                        .statusCode())
                .isEqualTo(200);
        area.awaitContent("file", "first");
    }

    /// G11 of the faults.
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anEditMadeDuringARestoreIsKept(int editor) throws Exception {
        Area area = SHARED.area();
        for (int round = 0; round < 10; round++) {
            String name = "f" + round;
            write(area, 2, name, "old " + round);
            write(area, 2, name, "new " + round);
        }
        cluster.awaitSame(SOON);
        for (int round = 0; round < 10; round++) {
            String name = "f" + round;
            CompletableFuture<Integer> restoring = CompletableFuture.supplyAsync(() -> {
                try {
                    return cluster.node(1)
                            .face()
                            .restore(area.name() + "/" + name)
                            .statusCode();
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            });
            area.write(cluster.node(editor), name, "edit " + round);
            assertThat(restoring.join()).isIn(200, 409);
        }
        cluster.awaitSame(SOON);
        for (int round = 0; round < 10; round++) {
            assertThat(kept(area, "f" + round)).as("round %d", round).contains("edit " + round);
        }
    }

    /// The contents of a file, of its conflict copies, and of its history.
    private List<String> kept(Area area, String name) throws Exception {
        List<String> kept = new ArrayList<>();
        try (var files = Files.list(area.on(1))) {
            for (Path file : files.filter(each -> each.getFileName().toString().startsWith(name + ".")
                            || each.getFileName().toString().equals(name)
                            || each.getFileName().toString().startsWith(name + " "))
                    .toList()) {
                kept.add(Files.readString(file));
            }
        }
        String path = area.name() + "/" + name;
        for (String revision : column(cluster.node(1).face().history(path), "revision")) {
            kept.add(new String(
                    cluster.node(1)
                            .face()
                            .bytes("/v1/files/" + path + "?revision=" + revision)
                            .body(),
                    StandardCharsets.UTF_8));
        }
        return kept;
    }

    /// What programs overwrote on all nodes but one is copied on until a majority holds it.
    @Test
    void whatOneNodeAloneHoldsIsCopiedOn() throws Exception {
        Area area = SHARED.area();
        String path = area.name() + "/file";
        Node away = cluster.followers().get(0);
        area.write(cluster.leader(), "file", large(11));
        for (Node node : cluster.running()) {
            area.awaitContent(node, "file", large(11));
        }
        cluster.awaitSame(SOON);
        away.kill9();
        Node writer = cluster.leader();
        area.write(writer, "file", large(12));
        for (Node node : cluster.running()) {
            area.awaitContent(node, "file", large(12));
        }
        Files.write(area.on(away).resolve("file"), large(13));
        cluster.startAll();

        Await.until("a majority holds the first revision", SOON, () -> {
            JsonNode lines = writer.face().history(path).get("revisions");
            return lines.get(lines.size() - 1).get("heldBy").size() >= 2;
        });
        cluster.awaitSame(SOON);
        assertThat(area.files(writer)).hasSize(2);
    }

    /// G1: no node has it when programs overwrite it everywhere at once; that is said.
    @Test
    void whatProgramsOverwroteEverywhereIsReportedAsGone() throws Exception {
        Area area = SHARED.area();
        String path = area.name() + "/file";
        area.write(cluster.node(1), "file", large(21));
        for (Node node : cluster.running()) {
            area.awaitContent(node, "file", large(21));
        }
        cluster.awaitSame(SOON);
        String first = column(cluster.node(1).face().history(path), "revision").getFirst();
        for (Node node : cluster.nodes()) {
            node.kill9();
        }
        for (Node node : cluster.nodes()) {
            Files.writeString(area.on(node).resolve("file"), "another one");
        }
        cluster.startAll();
        cluster.awaitSame(SOON);

        JsonNode told = cluster.node(2).face().history(path);
        assertThat(column(told, "gone")).containsExactly("false", "true");
        Shell.Ended ended = command(cluster.node(1), "cat", path + "@" + first);
        assertThat(ended.code()).as(ended.output()).isEqualTo(5);
        assertThat(ended.output()).contains("no node keeps them");
        assertThat(command(cluster.node(1), "log", path).output()).contains("gone");
        assertThat(cluster.node(1).face().restore(path).statusCode()).isEqualTo(410);
    }

    /// G01 of the faults.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "../../etc/passwd",
                "..",
                "a/../b",
                "%2e%2e/%2e%2e/etc/passwd",
                "%2E%2E",
                ".",
                "a/./b",
                "a/%2e/b",
                "/etc/passwd",
                "a//b",
                "a/",
                "a%2Fb",
                "..%2f..%2fetc%2fpasswd",
                "%00",
                "a%00b",
                "%",
                "%zz",
                "%4"
            })
    void whatIsNoPathInsideTheFolderIsRefused(String path) throws Exception {
        Face face = cluster.node(1).face();
        for (String resource : List.of("files", "history", "list")) {
            assertThat(face.raw("GET", "/v1/" + resource + "/" + path))
                    .as("%s/%s", resource, path)
                    .startsWith("HTTP/1.1 400");
        }
        assertThat(face.raw("POST", "/v1/restore/" + path)).startsWith("HTTP/1.1 400");
        assertThat(face.raw("GET", "/v1/files/" + "x".repeat(256))).startsWith("HTTP/1.1 400");
    }

    @ParameterizedTest
    @ValueSource(strings = {"%c0%ae%c0%ae/x", "..%5cx", "x.", "%ff", "a;b", "a+b", "never"})
    void oddNamesAreNamesThatNothingStandsAt(String path) throws Exception {
        assertThat(cluster.node(1).face().raw("GET", "/v1/files/" + path)).startsWith("HTTP/1.1 404");
        assertThat(cluster.node(1).face().raw("POST", "/v1/restore/" + path)).startsWith("HTTP/1.1 404");
    }

    @Test
    void namesAreBytesForTheCommandsToo() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), "printf one > \"$(printf 'a\\377 %%+;#?\\303\\244')\"");
        sync(cluster.node(1));

        Shell.Ended listed = command(cluster.node(2), "ls", area.name());
        assertThat(listed.output()).contains("a\\xff %+;#?\u00e4");
        Shell.Ended read = command(cluster.node(2), "cat", area.name() + "/a\\xff %+;#?\u00e4");
        assertThat(read.code()).isZero();
        assertThat(read.output()).isEqualTo("one");
    }

    @Test
    void withoutAQuorumOnlyLocalReadsAreAnswered() throws Exception {
        Area area = SHARED.area();
        String path = area.name() + "/file";
        write(area, 1, "file", "first");
        write(area, 1, "file", "second");
        cluster.awaitSame(SOON);
        cluster.node(2).kill9();
        cluster.node(3).kill9();
        Await.until(
                "node1 sees that it is alone",
                SOON,
                () -> !cluster.node(1).status().get("hasQuorum").asBoolean());

        Shell.Ended refused = command(cluster.node(1), "cat", path);
        assertThat(refused.code()).as(refused.output()).isEqualTo(4);
        var local = cluster.node(1).face().bytes("/v1/files/" + path + "?consistency=local");
        assertThat(local.body()).asString().isEqualTo("second");
        assertThat(local.headers().firstValue("Lockstep-Index")).isPresent();
        assertThat(command(cluster.node(1), "restore", path).code()).isEqualTo(4);
        area.assertContent("file", "second");
    }

    @Test
    void nothingKnownIsNotFound() throws Exception {
        Area area = SHARED.area();
        for (String name : List.of("log", "cat", "restore", "ls")) {
            Shell.Ended ended = command(cluster.node(1), name, area.name() + "/never");
            assertThat(ended.code()).as(name + ": " + ended.output()).isEqualTo(5);
        }
        assertThat(command(cluster.node(1), "cat", area.name()).code()).isEqualTo(6);
        assertThat(command(cluster.node(1), "cat", "../x").code()).isEqualTo(2);
    }
}
