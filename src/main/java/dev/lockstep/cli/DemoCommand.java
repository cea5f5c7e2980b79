package dev.lockstep.cli;

import dev.lockstep.model.Address;
import dev.lockstep.node.PortCheck;
import dev.lockstep.node.StartRefused;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// A whole cluster on this machine, one process per node.
@Command(name = "demo", description = "Run a whole cluster on this machine in the foreground; Ctrl-C stops it.")
final class DemoCommand implements Callable<Integer> {
    private static final int NODES_MAX = 9;
    private static final int PORT_MAX = 65_535;
    private static final Path DATA = Path.of("data");
    private static final long READY_SECONDS = 60;
    private static final long STOP_SECONDS = 5;
    private static final int LOG_LINES_SHOWN = 5;

    @Option(names = "--nodes", description = "How many (default: ${DEFAULT-VALUE}).")
    private int nodes = 3;

    @Option(names = "--data", description = "Where the folders go (default: ${DEFAULT-VALUE}).")
    private Path data = DATA;

    @Option(names = "--raft-port", description = "First port between nodes (default: ${DEFAULT-VALUE}).")
    private int raftPort = 8001;

    @Option(names = "--http-port", description = "First port of the API (default: ${DEFAULT-VALUE}).")
    private int httpPort = 9001;

    @Mixin
    private HistoryOptions history = new HistoryOptions();

    private final List<Process> processes = new CopyOnWriteArrayList<>();
    private final Map<Integer, ApiClient> apis = new HashMap<>();
    private volatile boolean isStopping;
    private volatile boolean isClaimed;

    @Override
    public Integer call() throws InterruptedException {
        if (nodes < 1 || nodes > NODES_MAX) {
            System.err.println("lockstep: --nodes must be 1 to " + NODES_MAX);
            return ExitCode.WRONG_USAGE;
        }
        if (!isPortRange(raftPort) || !isPortRange(httpPort) || Math.abs(raftPort - httpPort) < nodes) {
            System.err.println("lockstep: --raft-port and --http-port must be 1 to " + (PORT_MAX - nodes + 1) + " and "
                    + nodes + " or more apart");
            return ExitCode.WRONG_USAGE;
        }
        try {
            history.retention();
        } catch (IllegalArgumentException malformed) {
            System.err.println("lockstep: " + malformed.getMessage());
            return ExitCode.WRONG_USAGE;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
        try {
            requirePorts();
            DemoRecord.claim(data, nodes, raftPort, httpPort);
            isClaimed = true;
            for (int i = 1; i <= nodes; i++) {
                processes.add(start(i));
            }
            return awaitReady() ? watch() : ExitCode.FAILED;
        } catch (StartRefused | IOException refused) {
            System.err.println("lockstep: " + refused.getMessage());
            return ExitCode.FAILED;
        }
    }

    private boolean isPortRange(int first) {
        return first >= 1 && first + nodes - 1 <= PORT_MAX;
    }

    private void requirePorts() throws StartRefused {
        for (int i = 0; i < nodes; i++) {
            PortCheck.requireFree("Raft", new Address("127.0.0.1", raftPort + i));
            PortCheck.requireFree("HTTP", new Address("127.0.0.1", httpPort + i));
        }
    }

    private Path log(int i) {
        return data.resolve(".lockstep").resolve("node" + i).resolve("log");
    }

    private List<String> arguments(int i) {
        List<String> peers = new ArrayList<>();
        for (int peer = 1; peer <= nodes; peer++) {
            peers.add("node" + peer + "=127.0.0.1:" + (raftPort + peer - 1));
        }
        List<String> arguments = new ArrayList<>(List.of(
                "node",
                "--id",
                "node" + i,
                "--folder",
                data.resolve("node" + i).toString(),
                "--peers",
                String.join(",", peers),
                "--http",
                "127.0.0.1:" + (httpPort + i - 1)));
        arguments.addAll(history.arguments());
        return arguments;
    }

    private Process start(int i) throws IOException {
        Path log = log(i);
        Files.createDirectories(log.toAbsolutePath().getParent());
        List<String> command = new ArrayList<>(NodeJvm.command());
        command.addAll(arguments(i));
        // However this process ends, its end of the pipe closes, and the node stops.
        command.add("--stop-at-end-of-input");
        ProcessBuilder node = new ProcessBuilder(command);
        node.environment().put("MALLOC_ARENA_MAX", "2");
        return node.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private boolean awaitReady() throws IOException, InterruptedException {
        System.out.println("starting " + nodes + (nodes == 1 ? " node ..." : " nodes ..."));
        long started = System.nanoTime();
        long deadline = started + TimeUnit.SECONDS.toNanos(READY_SECONDS);
        for (int i = 1; i <= nodes; i++) {
            while (!isReady(i)) {
                if (isStopping) {
                    return false;
                }
                if (!processes.get(i - 1).isAlive() || System.nanoTime() - deadline > 0) {
                    System.err.println("lockstep: node" + i + " did not start; the end of " + log(i) + ":");
                    lastLines(log(i)).forEach(line -> System.err.println("  " + line));
                    return false;
                }
                processes.get(i - 1).waitFor(50, TimeUnit.MILLISECONDS);
            }
        }
        printReady((System.nanoTime() - started) / 1e9);
        return true;
    }

    private ApiClient api(int i) {
        return apis.computeIfAbsent(i, number -> ApiClient.at(new Address("127.0.0.1", httpPort + number - 1)));
    }

    private boolean isReady(int i) throws InterruptedException {
        try {
            return api(i).get("/readyz").statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static List<String> lastLines(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log);
        return lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
    }

    private void printReady(double seconds) throws IOException, InterruptedException {
        String leader = ApiClient.parse(api(1).get("/v1/status")).path("leader").asString("none");
        System.out.printf(Locale.ROOT, "ready after %.1f s%n%n", seconds);
        for (int i = 1; i <= nodes; i++) {
            System.out.printf(
                    "  node%d   folder %s   API http://127.0.0.1:%d   pid %d%s%n",
                    i,
                    data.resolve("node" + i),
                    httpPort + i - 1,
                    processes.get(i - 1).pid(),
                    leader.equals("node" + i) ? "   leader" : "");
        }
        String where = data.equals(DATA) ? "" : " --data " + data;
        System.out.println();
        System.out.println("Try in another terminal:");
        System.out.println();
        System.out.println("  echo \"Hello World!\" > " + data.resolve("node1/hello.txt"));
        System.out.println("  cat " + data + "/node*/hello.txt");
        System.out.println("  ./lockstep status" + where);
        System.out.println("  ./lockstep verify" + where);
        if (nodes > 2) {
            System.out.println("  kill -9 " + processes.getFirst().pid()
                    + "        # node1 is gone; go on writing in the other folders");
        }
        System.out.println();
        System.out.println("Ctrl-C stops all nodes; the same command starts them again with what they had.");
    }

    private int watch() throws InterruptedException {
        Set<Process> reported = new HashSet<>();
        while (reported.size() < processes.size()) {
            for (int i = 1; i <= nodes; i++) {
                Process process = processes.get(i - 1);
                if (!process.isAlive() && !isStopping && reported.add(process)) {
                    System.out.println("node" + i + " ended with status " + process.exitValue()
                            + "; to start it again, in another terminal:");
                    System.out.println("  ./lockstep " + String.join(" ", arguments(i)));
                }
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
        System.err.println("lockstep: all nodes have ended");
        return ExitCode.FAILED;
    }

    private void stop() {
        isStopping = true;
        List<Process> alive = processes.stream().filter(Process::isAlive).toList();
        alive.forEach(Process::destroy);
        for (Process process : alive) {
            try {
                if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException interrupted) {
                process.destroyForcibly();
            }
        }
        if (isClaimed) {
            DemoRecord.release(data);
        }
        if (!alive.isEmpty()) {
            System.out.println("all nodes have ended; what they hold stays in " + data);
        }
    }
}
