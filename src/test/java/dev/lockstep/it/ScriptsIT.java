package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The scripts, as someone at a terminal runs them. Needs the built jar, which stands there before integration tests.
@Timeout(value = 6, unit = TimeUnit.MINUTES)
final class ScriptsIT {
    private static final Path ROOT = Path.of("").toAbsolutePath();
    private static final Duration PATIENCE = Duration.ofMinutes(3);

    @TempDir
    private Path home;

    private Path data = Path.of("");
    private int base;

    @BeforeEach
    void choose() {
        data = home.resolve("some data");
        base = new FreePorts().nextRange(1010);
    }

    @AfterEach
    void stopAll() throws Exception {
        manager("stop");
    }

    private Shell.Ended manager(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script("cluster_manager.sh")));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--data-dir", data.toString()));
        return Shell.run(home, command, PATIENCE);
    }

    private static String script(String name) {
        return ROOT.resolve("scripts").resolve(name).toString();
    }

    private Shell.Ended start() throws IOException, InterruptedException {
        return manager("start", "-n", "3", "-p", Integer.toString(base));
    }

    private static void assertCode(Shell.Ended ended, int code) {
        assertThat(ended.code()).as(ended.output()).isEqualTo(code);
    }

    private long pid(String node) throws IOException {
        return Long.parseLong(
                Files.readString(data.resolve(".lockstep").resolve(node).resolve("node.pid"))
                        .strip());
    }

    private boolean isAlive(String node) throws IOException {
        return ProcessHandle.of(pid(node)).map(ProcessHandle::isAlive).orElse(false);
    }

    @Test
    void clusterIsStartedShownRestartedStoppedAndCleaned() throws Exception {
        assertCode(manager("status"), 1);
        Shell.Ended started = start();
        assertCode(started, 0);
        assertThat(started.output()).contains("node3", "http://127.0.0.1:" + (base + 1002));
        assertCode(start(), 0);
        Shell.Ended status = manager("status");
        assertCode(status, 0);
        assertThat(status.output()).contains("node1  runs", "ready", "COMMITTED", "leader");
        assertCode(manager("logs"), 0);
        assertThat(manager("logs").output()).contains("node2 runs");
        Files.writeString(data.resolve("node1/f"), "kept");

        Shell.Ended other = manager("start", "-n", "2");
        assertCode(other, 1);
        assertThat(other.output()).contains("cluster of 3 nodes", "--data-dir");
        Shell.Ended early = manager("clean", "--yes");
        assertCode(early, 1);
        assertThat(early.output()).contains("stop the cluster first");

        long before = pid("node1");
        assertCode(manager("restart"), 0);
        assertThat(pid("node1")).isNotEqualTo(before);
        Await.until(
                "the file stands on node3",
                PATIENCE,
                () -> Files.readString(data.resolve("node3/f")).equals("kept"));

        assertCode(manager("stop"), 0);
        for (String node : List.of("node1", "node2", "node3")) {
            assertThat(isAlive(node)).isFalse();
        }
        assertCode(manager("stop"), 0);
        assertCode(manager("status"), 1);
        Shell.Ended careful = manager("clean");
        assertCode(careful, 1);
        assertThat(careful.output()).contains("--yes");
        assertThat(data.resolve("node1/f")).hasContent("kept");
        assertCode(manager("clean", "--yes"), 0);
        assertThat(data).doesNotExist();
    }

    @Test
    void foreignProgramOnWantedPortIsNamedAndSurvives() throws Exception {
        try (ServerSocket owner = new ServerSocket()) {
            owner.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), base + 1001));
            Shell.Ended started = start();
            assertCode(started, 1);
            assertThat(started.output())
                    .contains(
                            "HTTP port " + (base + 1001),
                            "java (pid " + ProcessHandle.current().pid() + ")");
            assertCode(manager("stop"), 0);
            assertThat(owner.isClosed()).isFalse();
            assertThat(data.resolve("node1")).doesNotExist();
        }
        assertCode(start(), 0);
    }

    /// The number in a pid file may belong to another program by now.
    @Test
    void processThatIsNoNodeOfTheDataIsLeftAlone() throws Exception {
        assertCode(start(), 0);
        Process foreign = new ProcessBuilder("sleep", "600").start();
        try {
            ProcessHandle node = ProcessHandle.of(pid("node2")).orElseThrow();
            node.destroyForcibly();
            node.onExit().get();
            Files.writeString(data.resolve(".lockstep/node2/node.pid"), foreign.pid() + "\n");
            Shell.Ended status = manager("status");
            assertCode(status, 1);
            assertThat(status.output()).contains("node2  does not run", "node1  runs");
            assertCode(manager("stop"), 0);
            assertThat(foreign.isAlive()).isTrue();
            assertThat(isAlive("node1")).isFalse();
        } finally {
            foreign.destroyForcibly();
        }
    }

    @Test
    void filesThatLockstepDidNotMakeAreNotCleaned() throws Exception {
        Files.createDirectories(data.resolve("node1"));
        Files.writeString(data.resolve("node1/f"), "of someone");
        assertCode(manager("clean", "--yes"), 1);
        Shell.Ended cleanup = Shell.run(
                home,
                List.of(script("cleanup_replication.sh"), "--data-dir", data.toString(), "--delete-data"),
                PATIENCE);
        assertCode(cleanup, 1);
        assertThat(data.resolve("node1/f")).hasContent("of someone");
    }

    @Test
    void wrongUsageIsStatusTwoAndChangesNothing() throws Exception {
        for (List<String> wrong : List.of(
                List.of("frobnicate"),
                List.of("start", "-n", "0"),
                List.of("start", "-n", "x"),
                List.of("start", "-p", "80"),
                List.of("start", "--wipe"),
                List.of("start", "stop"))) {
            Shell.Ended ended = manager(wrong.toArray(String[]::new));
            assertCode(ended, 2);
            assertThat(ended.output()).contains("usage:");
        }
        assertThat(Files.exists(data, LinkOption.NOFOLLOW_LINKS)).isFalse();
    }

    @Test
    void demoInBackgroundIsEndedByTheCleanup() throws Exception {
        Path log = home.resolve("run.out");
        Process demo = new ProcessBuilder(
                        script("run_live_replication.sh"),
                        "--nodes",
                        "1",
                        "--data",
                        data.toString(),
                        "--raft-port",
                        Integer.toString(base),
                        "--http-port",
                        Integer.toString(base + 1000))
                .directory(home.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            Await.until("it is ready", PATIENCE, () -> Files.readString(log).contains("ready after"));
            Files.writeString(data.resolve("node1/f"), "kept");
            Shell.Ended kept =
                    Shell.run(home, List.of(script("cleanup_replication.sh"), "--data-dir", data.toString()), PATIENCE);
            assertCode(kept, 0);
            assertThat(kept.output()).contains("the demo (pid " + demo.pid() + ") has ended", "--delete-data");
            assertThat(demo.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(isAlive("node1")).isFalse();
            assertThat(data.resolve("node1/f")).hasContent("kept");
        } finally {
            demo.destroyForcibly();
        }
        Shell.Ended deleted = Shell.run(
                home,
                List.of(script("cleanup_replication.sh"), "--data-dir", data.toString(), "--delete-data"),
                PATIENCE);
        assertCode(deleted, 0);
        assertThat(data).doesNotExist();
    }

    @Test
    void testScriptPasses() throws Exception {
        Shell.Ended ended = Shell.run(home, List.of(script("tests/test_live_replication.sh")), Duration.ofMinutes(5));
        assertCode(ended, 0);
        assertThat(ended.output()).contains("checks passed").doesNotContain("FAIL");
    }
}
