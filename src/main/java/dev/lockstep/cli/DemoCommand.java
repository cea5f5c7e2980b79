package dev.lockstep.cli;

import dev.lockstep.model.Address;
import dev.lockstep.node.PortCheck;
import dev.lockstep.node.StartRefused;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// A whole cluster on this machine, one process per node.
@Command(name = "demo", description = "Run a whole cluster on this machine in the foreground; Ctrl-C stops it.")
final class DemoCommand implements Callable<Integer> {
    private static final long READY_SECONDS = 60;
    private static final long STOP_SECONDS = 5;
    private static final int LOG_LINES_SHOWN = 5;

    @Option(names = "--nodes", description = "How many (default: ${DEFAULT-VALUE}).")
    private int nodes = 3;

    @Option(names = "--data", description = "Where the folders go (default: ${DEFAULT-VALUE}).")
    private Path data = Path.of("data");

    @Option(names = "--raft-port", description = "First port between nodes (default: ${DEFAULT-VALUE}).")
    private int raftPort = 8001;

    @Option(names = "--http-port", description = "First port of the API (default: ${DEFAULT-VALUE}).")
    private int httpPort = 9001;

    @Mixin
    private HistoryOptions history = new HistoryOptions();

    private final List<Process> processes = new ArrayList<>();

    @Override
    public Integer call() throws InterruptedException {
        if (nodes < 1 || nodes > 9) {
            System.err.println("lockstep: --nodes must be 1 to 9");
            return ExitCode.FAILED;
        }
        try {
            history.retention();
        } catch (IllegalArgumentException malformed) {
            System.err.println("lockstep: " + malformed.getMessage());
            return ExitCode.USAGE;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
        try {
            requirePorts();
            for (int i = 1; i <= nodes; i++) {
                processes.add(start(i));
            }
            return awaitReady() ? watch() : ExitCode.FAILED;
        } catch (StartRefused | IOException refused) {
            System.err.println("lockstep: " + refused.getMessage());
            return ExitCode.FAILED;
        }
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
        ProcessBuilder node = new ProcessBuilder(command);
        node.environment().put("MALLOC_ARENA_MAX", "2");
        return node.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private boolean awaitReady() throws IOException, InterruptedException {
        System.out.println("starting " + nodes + " nodes ...");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_SECONDS);
        for (int i = 1; i <= nodes; i++) {
            while (!isReady(i)) {
                if (!processes.get(i - 1).isAlive() || System.nanoTime() - deadline > 0) {
                    System.err.println("lockstep: node" + i + " did not start; the end of " + log(i) + ":");
                    lastLines(log(i)).forEach(line -> System.err.println("  " + line));
                    return false;
                }
                processes.get(i - 1).waitFor(50, TimeUnit.MILLISECONDS);
            }
        }
        printReady();
        return true;
    }

    private boolean isReady(int i) throws InterruptedException {
        try {
            ApiClient client = ApiClient.connect("127.0.0.1:" + (httpPort + i - 1), data);
            return client.get("/readyz").statusCode() == 200;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static List<String> lastLines(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log);
        return lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size());
    }

    private void printReady() throws IOException, InterruptedException {
        ApiClient client = ApiClient.connect("127.0.0.1:" + httpPort, data);
        String leader = ApiClient.parse(client.get("/v1/status")).path("leader").asString("none");
        for (int i = 1; i <= nodes; i++) {
            System.out.printf(
                    "  node%d  %s  API http://127.0.0.1:%d  pid %d%s%n",
                    i,
                    data.resolve("node" + i),
                    httpPort + i - 1,
                    processes.get(i - 1).pid(),
                    leader.equals("node" + i) ? "  (leader)" : "");
        }
        System.out.println("ready. Try in another terminal:");
        System.out.println("  echo \"Hello World!\" > " + data.resolve("node1/hello.txt"));
        System.out.println("  cat " + data + "/node*/hello.txt");
        System.out.println("  ./lockstep status        ./lockstep verify");
        System.out.println("  kill -9 " + processes.getFirst().pid() + "   # and go on writing in the other folders");
        System.out.println("Ctrl-C stops all nodes; the same command starts them again.");
    }

    private int watch() throws InterruptedException {
        List<Process> reported = new ArrayList<>();
        while (reported.size() < processes.size()) {
            for (int i = 1; i <= nodes; i++) {
                Process process = processes.get(i - 1);
                if (!process.isAlive() && !reported.contains(process)) {
                    reported.add(process);
                    System.out.println("node" + i + " ended with " + process.exitValue()
                            + "; to start it again: ./lockstep " + String.join(" ", arguments(i)));
                }
            }
            processes.getFirst().waitFor(200, TimeUnit.MILLISECONDS);
            if (!processes.getFirst().isAlive()) {
                Thread.sleep(200);
            }
        }
        System.err.println("lockstep: all nodes have ended");
        return ExitCode.FAILED;
    }

    private void stop() {
        processes.forEach(Process::destroy);
        for (Process process : processes) {
            try {
                if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException interrupted) {
                process.destroyForcibly();
            }
        }
    }
}
