package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Nodes end soon when they are asked to, and with the demo that started them.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class StoppingIT {
    private static final Duration STOP_MAX = Duration.ofSeconds(5);
    private static final Duration SOON = Duration.ofMinutes(1);

    @TempDir
    private Path home;

    @Test
    void nodeThatWaitsForFoundingStopsSoon() throws Exception {
        try (LocalCluster cluster = LocalCluster.planned(3)) {
            Node first = cluster.node(1);
            first.start();
            Await.until("it waits", SOON, () -> first.logTail().contains("waiting for"));
            assertThat(first.term().took()).isLessThan(STOP_MAX);
            assertThat(first.logTail()).doesNotContain("\tat ");
            cluster.startAll();
        }
    }

    /// C10.
    @Test
    void nodeUnderLoadStopsSoonAndGoesOnLater() throws Exception {
        try (LocalCluster cluster = LocalCluster.founded()) {
            AtomicBoolean isDone = new AtomicBoolean();
            Thread writer =
                    Thread.ofPlatform().start(() -> write(cluster.node(1).folder(), isDone));
            Await.until(
                    "the work has reached node3",
                    SOON,
                    () -> Files.exists(cluster.node(3).folder().resolve("f30")));
            for (Node node : List.of(cluster.node(3), cluster.leader())) {
                if (node.isAlive()) {
                    assertThat(node.term().took()).as(node.id()).isLessThan(STOP_MAX);
                }
            }
            isDone.set(true);
            writer.join();
            cluster.startAll();
            cluster.awaitSame(SOON);
        }
    }

    private static void write(Path folder, AtomicBoolean isDone) {
        try {
            for (int i = 0; !isDone.get() && i < 20_000; i++) {
                Files.writeString(folder.resolve("f" + i % 400), "version " + i);
            }
        } catch (IOException failed) {
            throw new AssertionError(failed);
        }
    }

    // --- demo ---

    private record Demo(Process process, Path log, List<ProcessHandle> nodes) implements AutoCloseable {
        String output() throws IOException {
            return Files.readString(log);
        }

        @Override
        public void close() {
            process.destroyForcibly();
            nodes.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private Demo demo() throws IOException {
        FreePorts ports = new FreePorts();
        Path log = home.resolve("demo.out");
        // A shell starts what runs in the background with Ctrl-C ignored, and that is inherited.
        List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
        command.addAll(Launch.program(List.of("demo", "--nodes", "3")));
        command.addAll(List.of("--raft-port", "" + ports.nextRange(3), "--http-port", "" + ports.nextRange(3)));
        ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
        builder.environment().put("LC_ALL", "C.UTF-8");
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(Redirect.to(log.toFile()))
                .start();
        try {
            Await.until("the demo is ready", SOON, () -> Files.readString(log).contains("Ctrl-C stops all nodes"));
        } finally {
            if (!process.isAlive()) {
                System.err.println(Files.readString(log));
            }
        }
        return new Demo(process, log, process.children().toList());
    }

    @Test
    void demoTellsWhatToTryAndStopsItsNodes() throws Exception {
        try (Demo demo = demo()) {
            assertThat(demo.nodes()).hasSize(3).allMatch(ProcessHandle::isAlive);
            assertThat(demo.output()).contains("data/node1/hello.txt", "./lockstep status", "Ctrl-C", "leader");
            long start = System.nanoTime();
            Shell.in(home, "kill -INT " + demo.process().pid());
            assertThat(demo.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(STOP_MAX.plusSeconds(1));
            assertThat(demo.nodes()).noneMatch(ProcessHandle::isAlive);
            assertThat(demo.output()).contains("all nodes have ended").doesNotContain("to start it again");
        }
    }

    @Test
    void nodesOfKilledDemoEndByThemselves() throws Exception {
        try (Demo demo = demo()) {
            demo.process().destroyForcibly().waitFor();
            Await.until(
                    "all nodes have ended", SOON, () -> demo.nodes().stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void demoWithOtherNumbersIsRefusedByItsData() throws Exception {
        try (Demo demo = demo()) {
            FreePorts ports = new FreePorts();
            String raft = Integer.toString(ports.nextRange(2));
            String http = Integer.toString(ports.nextRange(2));
            Shell.Ended other = Launch.command(home, "demo", "--nodes", "2", "--raft-port", raft, "--http-port", http);
            assertThat(other.code()).isEqualTo(1);
            assertThat(other.output()).contains("data holds a cluster with nodes=3", "another --data");
            assertThat(demo.nodes()).allMatch(ProcessHandle::isAlive);
            assertThat(home.resolve("data/.lockstep/demo.pid"))
                    .hasContent(Long.toString(demo.process().pid()));
        }
    }
}
