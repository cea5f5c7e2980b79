package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// First starts, wrong starts, and nodes that have lost what they were.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class FoundingIT {
    private static final Duration SOON = Duration.ofMinutes(1);

    /// T45, A01, F02.
    @Test
    void foldersThatHoldFilesAreMergedAndNothingIsLost() throws Exception {
        try (LocalCluster cluster = LocalCluster.planned(3);
                var _ = new Report(cluster)) {
            List<String> paths = new ArrayList<>(List.of("common.txt", "equal.txt", "d", "d/from1", "d/from2"));
            for (int i = 0; i < 100; i++) {
                Files.writeString(cluster.node(1).folder().resolve("one" + i), "one " + i);
                paths.add("one" + i);
            }
            for (int i = 0; i < 50; i++) {
                Files.writeString(cluster.node(2).folder().resolve("two" + i), "two " + i);
                paths.add("two" + i);
            }
            Shell.in(
                    cluster.node(1).folder(),
                    "mkdir d; printf 1 > d/from1; printf one > common.txt; printf = > equal.txt");
            Shell.in(
                    cluster.node(2).folder(),
                    "mkdir d; printf 2 > d/from2; printf two > common.txt; printf = > equal.txt");
            cluster.startAll();
            cluster.awaitSame(SOON);
            TreeImage image = cluster.images().get(2);
            assertThat(image.items().keySet()).containsAll(paths).hasSize(paths.size() + 1);
            List<String> common = image.items().entrySet().stream()
                    .filter(item -> item.getKey().startsWith("common"))
                    .map(item -> item.getValue().content())
                    .toList();
            assertThat(common)
                    .containsExactlyInAnyOrder(
                            Sha256.of(new byte[] {'o', 'n', 'e'}), Sha256.of(new byte[] {'t', 'w', 'o'}));
        }
    }

    /// Decision 13 of the design: founding waits for all and survives a kill.
    @Test
    void foundingWaitsForAllAndSurvivesKill() throws Exception {
        try (LocalCluster cluster = LocalCluster.planned(3);
                var _ = new Report(cluster)) {
            cluster.node(1).start();
            cluster.node(2).start();
            Await.until(
                    "it says whom it waits for",
                    SOON,
                    () -> cluster.node(1).logTail().contains("node3"));
            assertThat(cluster.node(1).isAlive()).isTrue();
            assertThat(cluster.node(1).face().isReady()).isFalse();
            cluster.node(2).kill9();
            cluster.node(2).start();
            cluster.node(3).start();
            cluster.awaitReady();
            Files.writeString(cluster.node(1).folder().resolve("f"), "founded");
            cluster.awaitSame(SOON);
            assertThat(cluster.node(3).folder().resolve("f")).hasContent("founded");
        }
    }

    /// T51.
    @Test
    void nodeWithoutItsStateIsRefusedUntilItIsReplaced() throws Exception {
        try (LocalCluster cluster = LocalCluster.founded();
                var _ = new Report(cluster)) {
            Node first = cluster.node(1);
            Files.writeString(first.folder().resolve("f"), "from before");
            cluster.awaitSame(SOON);
            first.kill9();
            assertThat(first.state()).isDirectory();
            Shell.in(cluster.home(), "rm -r '" + first.state() + "'");
            first.start();
            Shell.Ended ended = first.awaitEnd();
            assertThat(ended.code()).as("exit status").isNotZero();
            assertThat(ended.output()).contains("members replace");
            Files.writeString(cluster.node(2).folder().resolve("g"), "meanwhile");
            cluster.awaitSame(SOON);
            Shell.Ended replaced = Launch.command(
                    cluster.home(),
                    "members",
                    "replace",
                    "node1",
                    "--api",
                    cluster.node(2).http());
            assertThat(replaced.code()).as(replaced.output()).isZero();
            first.start();
            cluster.awaitReady();
            // No edit is made now: an idle cluster has to feed it, too.
            cluster.awaitSame(SOON);
            assertThat(first.folder().resolve("f")).hasContent("from before");
            assertThat(first.folder().resolve("g")).hasContent("meanwhile");
            Files.writeString(first.folder().resolve("h"), "from the replaced node");
            cluster.awaitSame(SOON);
            assertThat(cluster.node(3).folder().resolve("h")).hasContent("from the replaced node");
        }
    }

    /// T51, before the others have elected a new leader.
    @Test
    void leaderThatIsLostCanBeReplacedAtOnce() throws Exception {
        try (LocalCluster cluster = LocalCluster.founded();
                var _ = new Report(cluster)) {
            Node lost = cluster.leader();
            Node survivor = cluster.followers().getFirst();
            lost.kill9();
            HttpResponse<String> replaced =
                    survivor.face().post("/v1/members/replace", "{\"node\":\"%s\"}".formatted(lost.id()), SOON);
            assertThat(replaced.statusCode()).as(replaced.body()).isEqualTo(200);
            Shell.in(cluster.home(), "rm -r '" + lost.state() + "'");
            lost.start();
            cluster.awaitReady();
            Files.writeString(lost.folder().resolve("f"), "from the replaced node");
            cluster.awaitSame(SOON);
            assertThat(survivor.folder().resolve("f")).hasContent("from the replaced node");
        }
    }

    /// T52, C12.
    @Test
    void wrongStartsAreRefusedAndHarmNobody() throws Exception {
        try (LocalCluster cluster = LocalCluster.founded();
                var _ = new Report(cluster)) {
            Node first = cluster.node(1);
            List<String> again = new ArrayList<>(first.arguments());
            assertRefused(cluster, again, "node1");
            FreePorts ports = new FreePorts();
            again.set(again.indexOf("--peers") + 1, "node1=127.0.0.1:" + ports.next());
            again.set(again.indexOf("--http") + 1, "127.0.0.1:" + ports.next());
            assertRefused(cluster, again, "node1");
            String other = cluster.home().resolve("other-state").toString();
            assertRefused(
                    cluster,
                    List.of(
                            "node",
                            "--id",
                            "stranger",
                            "--folder",
                            first.folder().toString(),
                            "--state",
                            other,
                            "--peers",
                            "stranger=127.0.0.1:" + ports.next(),
                            "--http",
                            "127.0.0.1:" + ports.next()),
                    first.folder().toString());
            assertRefused(
                    cluster,
                    List.of(
                            "node",
                            "--id",
                            "node9",
                            "--folder",
                            cluster.home().resolve("node9").toString()),
                    "--peers");
            Files.writeString(first.folder().resolve("f"), "unharmed");
            cluster.awaitSame(SOON);
            assertThat(cluster.node(3).folder().resolve("f")).hasContent("unharmed");
        }
    }

    private static void assertRefused(LocalCluster cluster, List<String> arguments, String named)
            throws IOException, InterruptedException {
        Shell.Ended ended = Launch.command(cluster.home(), arguments.toArray(String[]::new));
        assertThat(ended.code())
                .as("exit status of %s: %s", arguments, ended.output())
                .isNotZero();
        assertThat(ended.output()).as("answer to %s", arguments).contains(named).doesNotContain("\tat ");
    }

    /// T58.
    @Test
    void takenPortIsNamedAndItsOwnerIsLeftAlone() throws Exception {
        try (LocalCluster cluster = LocalCluster.planned(1);
                ServerSocket owner = new ServerSocket()) {
            FreePorts ports = new FreePorts();
            int taken = ports.next();
            owner.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), taken));
            Path folder = Files.createDirectory(cluster.home().resolve("folder"));
            Files.writeString(folder.resolve("f"), "stays");
            for (boolean isHttp : new boolean[] {true, false}) {
                int raft = isHttp ? ports.next() : taken;
                int http = isHttp ? taken : ports.next();
                Shell.Ended ended = Launch.command(
                        cluster.home(),
                        "node",
                        "--id",
                        "node1",
                        "--folder",
                        folder.toString(),
                        "--peers",
                        "node1=127.0.0.1:" + raft,
                        "--http",
                        "127.0.0.1:" + http);
                assertThat(ended.code()).as(ended.output()).isNotZero();
                assertThat(ended.output()).contains(Integer.toString(taken));
                assertThat(owner.isClosed()).isFalse();
                assertThat(folder.resolve("f")).hasContent("stays");
            }
        }
    }

    /// Decision 16 of the design.
    @Test
    void addressBeyondLoopbackIsRefused() throws Exception {
        try (LocalCluster cluster = LocalCluster.planned(1)) {
            int port = new FreePorts().next();
            String folder = cluster.node(1).folder().toString();
            assertRefused(
                    cluster,
                    List.of("node", "--id", "node1", "--folder", folder, "--peers", "node1=192.0.2.1:" + port),
                    "192.0.2.1");
        }
    }

    /// Prints the logs of a cluster whose test is leaving before it said that all is well.
    private record Report(LocalCluster cluster) implements AutoCloseable {
        @Override
        public void close() {
            if (cluster.running().size() < cluster.nodes().size()) {
                System.err.println(cluster.report());
            }
        }
    }
}
