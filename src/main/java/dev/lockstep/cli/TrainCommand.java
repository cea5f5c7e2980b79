package dev.lockstep.cli;

import dev.lockstep.api.ApiServer;
import dev.lockstep.model.Address;
import dev.lockstep.model.NodeId;
import dev.lockstep.node.InvalidConfiguration;
import dev.lockstep.node.Node;
import dev.lockstep.node.NodeConfig;
import dev.lockstep.node.StartRefused;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Runs a cluster in this one process for a few seconds of everyday work. Started with `-XX:AOTCacheOutput`, the JVM
/// records what a node loads and which of its code is hot, so that nodes started with that cache are ready sooner and
/// answer their first edits faster. Leaves nothing behind.
@Command(name = "train", hidden = true, description = "Exercise a small cluster, for the JVM's ahead-of-time cache.")
final class TrainCommand implements Callable<Integer> {
    private static final int NODES = 3;
    private static final Duration ARRIVAL_MAX = Duration.ofSeconds(30);

    @Option(names = "--edits", description = "How many (default: ${DEFAULT-VALUE}).")
    private int edits = 600;

    private final List<Node> nodes = new ArrayList<>();
    private final List<Path> folders = new ArrayList<>();

    @Override
    public Integer call() throws InterruptedException {
        try {
            Path home = Files.createTempDirectory("lockstep-train");
            try {
                runIn(home);
            } finally {
                nodes.forEach(Node::close);
                delete(home);
            }
            return ExitCode.OK;
        } catch (IOException | InvalidConfiguration | ExecutionException failed) {
            System.err.println("lockstep: training failed: " + failed.getMessage());
            return ExitCode.FAILED;
        }
    }

    private void runIn(Path home) throws IOException, InvalidConfiguration, ExecutionException, InterruptedException {
        startNodes(home);
        try (ApiServer api = ApiServer.start(new Address("127.0.0.1", 0), nodes.getFirst())) {
            ApiClient client = ApiClient.connect(api.address().toString(), home);
            for (int edit = 0; edit < edits; edit++) {
                edit(edit);
                if (edit % 100 == 0) {
                    client.get("/v1/status");
                    client.get("/readyz");
                }
            }
        }
    }

    private void startNodes(Path home)
            throws IOException, InvalidConfiguration, ExecutionException, InterruptedException {
        SortedMap<NodeId, Address> peers = new TreeMap<>();
        for (int i = 1; i <= NODES; i++) {
            peers.put(new NodeId("node" + i), new Address("127.0.0.1", freePort()));
        }
        try (ExecutorService starting = Executors.newCachedThreadPool()) {
            List<Future<Node>> started = new ArrayList<>();
            for (NodeId id : peers.keySet()) {
                Path folder = Files.createDirectory(home.resolve(id.value()));
                folders.add(folder);
                NodeConfig config =
                        new NodeConfig(id, folder, NodeConfig.defaultState(folder), peers, new Address("127.0.0.1", 0));
                started.add(starting.submit(() -> start(config)));
            }
            for (Future<Node> one : started) {
                nodes.add(one.get());
            }
        }
    }

    private static Node start(NodeConfig config) throws StartRefused, IOException, InterruptedException {
        return Node.start(config, line -> {}, defect -> Runtime.getRuntime().halt(ExitCode.FAILED));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /// A create, an edit, a rename or a deletion, now on this node and now on that one.
    private void edit(int number) throws IOException, InterruptedException {
        Path folder = folders.get(number / 8 % NODES);
        String name = "f" + number % 40;
        byte[] content = ("edit " + number).repeat(10).getBytes(StandardCharsets.UTF_8);
        if (number % 16 == 15) {
            Files.deleteIfExists(folder.resolve(name));
        } else if (number % 16 == 7) {
            Path written = Files.write(folder.resolve(name + ".new"), content);
            Files.move(written, folder.resolve(name), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        } else {
            Files.write(folder.resolve(name), content);
        }
        if (number % 16 != 15) {
            for (Path other : folders) {
                awaitContent(other.resolve(name), content);
            }
        }
    }

    private static void awaitContent(Path file, byte[] content) throws IOException, InterruptedException {
        long deadlineNanos = System.nanoTime() + ARRIVAL_MAX.toNanos();
        while (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), content)) {
            if (System.nanoTime() - deadlineNanos > 0) {
                throw new IOException("an edit did not arrive: " + file);
            }
            TimeUnit.MICROSECONDS.sleep(200);
        }
    }

    private static void delete(Path home) throws IOException {
        try (Stream<Path> all = Files.walk(home)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
