package dev.lockstep.it;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A cluster on this machine, one process per node, in a directory of its own that is deleted at the end.
final class LocalCluster implements AutoCloseable {
    private static final Duration START_PATIENCE = Duration.ofMinutes(1);
    private static final Duration BARRIER_MAX = Duration.ofSeconds(10);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(300);

    private final Path home;
    private final List<Node> nodes;
    private final Thread lastWill = new Thread(this::killAll);

    private LocalCluster(Path home, List<Node> nodes) {
        this.home = home;
        this.nodes = List.copyOf(nodes);
        Runtime.getRuntime().addShutdownHook(lastWill);
    }

    /// Nodes `node1` to `nodeN` that were never started; their folders exist and are empty.
    static LocalCluster planned(int size) throws IOException {
        return planned(size, List.of());
    }

    /// @param flags of each node's virtual machine, besides the usual ones
    static LocalCluster planned(int size, List<String> flags) throws IOException {
        return planned(Path.of(System.getProperty("java.io.tmpdir")), size, flags);
    }

    /// @param parent a directory on the file system that is wanted
    static LocalCluster planned(Path parent, int size, List<String> flags) throws IOException {
        Path home = Files.createTempDirectory(parent, "lockstep-it").toRealPath();
        return planned(home, Collections.nCopies(size, home), flags);
    }

    /// @param homes of the nodes, one each: what is in them stays
    static LocalCluster onHomes(List<Path> homes) throws IOException {
        return planned(Files.createTempDirectory("lockstep-it").toRealPath(), homes, List.of());
    }

    private static LocalCluster planned(Path home, List<Path> homes, List<String> flags) throws IOException {
        int size = homes.size();
        FreePorts ports = new FreePorts();
        String peers = IntStream.rangeClosed(1, size)
                .mapToObj(number -> "node" + number + "=127.0.0.1:" + ports.next())
                .collect(Collectors.joining(","));
        List<Node> nodes = new ArrayList<>();
        for (int number = 1; number <= size; number++) {
            Node node = new Node(homes.get(number - 1), "node" + number, peers, "127.0.0.1:" + ports.next(), flags);
            Files.createDirectories(node.folder());
            nodes.add(node);
        }
        return new LocalCluster(home, nodes);
    }

    /// Three nodes, ready.
    static LocalCluster founded() throws IOException {
        LocalCluster cluster = planned(3);
        try {
            cluster.startAll();
            return cluster;
        } catch (IOException | RuntimeException | Error e) {
            System.err.println(cluster.report());
            cluster.close();
            throw e;
        }
    }

    Path home() {
        return home;
    }

    List<Node> nodes() {
        return nodes;
    }

    /// @param number 1 for the first
    Node node(int number) {
        return nodes.get(number - 1);
    }

    List<Node> running() {
        return nodes.stream().filter(Node::isRunning).toList();
    }

    /// Starts what is not running, lets go on what is stopped, and waits until all are ready.
    void startAll() throws IOException {
        for (Node node : nodes) {
            if (!node.isAlive()) {
                node.start();
            }
        }
        awaitReady();
    }

    void contAll() throws IOException, InterruptedException {
        for (Node node : nodes) {
            if (node.isAlive() && !node.isRunning()) {
                node.cont();
            }
        }
    }

    void awaitReady() {
        for (Node node : running()) {
            awaitReady(node);
        }
    }

    void awaitReady(Node node) {
        Await.until(
                node.id() + " is ready or dead",
                START_PATIENCE,
                () -> !node.isAlive() || node.face().isReady());
        if (!node.isAlive()) {
            throw new AssertionError(node.id() + " has ended instead of becoming ready\n" + node.logTail());
        }
    }

    /// Whom all running nodes call the leader, once they agree and it does, too.
    Node leader() {
        AtomicReference<@Nullable Node> found = new AtomicReference<>();
        Await.until("all agree on a leader", Duration.ofSeconds(30), () -> {
            Set<String> named = new HashSet<>();
            Set<String> claiming = new HashSet<>();
            for (Node node : running()) {
                JsonNode status = node.status();
                named.add(status.get("leader").asString());
                if ("leader".equalsIgnoreCase(status.get("role").asString())) {
                    claiming.add(node.id());
                }
            }
            found.set(nodes.stream()
                    .filter(node -> named.equals(Set.of(node.id())) && claiming.equals(named))
                    .findFirst()
                    .orElse(null));
            return found.get() != null;
        });
        Node leader = found.get();
        if (leader == null) {
            throw new AssertionError("no leader");
        }
        return leader;
    }

    List<Node> followers() {
        Node leader = leader();
        return running().stream().filter(node -> node != leader).toList();
    }

    /// Waits until the barrier has passed on all running nodes, their trees are equal, and a second look
    /// finds every
    /// entry untouched.
    void awaitSame(Duration atMost) {
        AtomicReference<String> why = new AtomicReference<>("the first barrier has not answered");
        try {
            Await.until("all folders are the same", atMost, () -> {
                why.set(whatDiffers(why));
                return why.get().isEmpty();
            });
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("not the same after " + atMost + ": " + why.get() + "\n" + statuses(), e);
        }
    }

    /// Empty if nothing does.
    private String whatDiffers(AtomicReference<String> progress) throws IOException, InterruptedException {
        String barrier = barrier();
        if (!barrier.isEmpty()) {
            return barrier;
        }
        List<TreeImage> first = images();
        String differences = differences(first);
        if (!differences.isEmpty()) {
            return differences;
        }
        progress.set("the trees were equal once, the second look has not finished");
        long started = System.nanoTime();
        Await.until(
                "a moment has passed",
                BETWEEN_LOOKS.multipliedBy(10),
                () -> System.nanoTime() - started > BETWEEN_LOOKS.toNanos());
        List<TreeImage> second = images();
        for (int i = 0; i < first.size(); i++) {
            if (!first.get(i).stamps().equals(second.get(i).stamps())) {
                List<String> moved = first.get(i).differences("before", second.get(i), "after");
                return running().get(i).id() + " was touched after it was equal: " + moved;
            }
        }
        return differences(second);
    }

    private String barrier() throws IOException, InterruptedException {
        boolean isWhole = running().size() == nodes.size();
        for (Node node : running()) {
            var answer = node.face().sync(isWhole, BARRIER_MAX);
            if (answer.statusCode() != 200) {
                return "barrier of " + node.id() + " answered " + answer.statusCode() + ": " + answer.body();
            }
        }
        return "";
    }

    /// What stands in the folders of the running nodes, in their order.
    List<TreeImage> images() throws IOException {
        List<TreeImage> images = new ArrayList<>();
        for (Node node : running()) {
            images.add(TreeImage.ofFolder(node.folder()).replicated());
        }
        return images;
    }

    private String differences(List<TreeImage> images) {
        List<String> lines = new ArrayList<>();
        for (int i = 1; i < images.size(); i++) {
            lines.addAll(images.get(0)
                    .differences(
                            running().get(0).id(),
                            images.get(i),
                            running().get(i).id()));
        }
        return String.join("\n  ", lines);
    }

    /// Statuses and last log lines of all nodes.
    String report() {
        String logs = nodes.stream().map(Node::logTail).collect(Collectors.joining("\n"));
        return statuses() + "\n" + logs;
    }

    private String statuses() {
        List<String> lines = new ArrayList<>();
        for (Node node : running()) {
            try {
                lines.add(node.id() + ": " + node.status());
            } catch (IOException e) {
                lines.add(node.id() + ": no status, " + e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return "interrupted";
            }
        }
        return String.join("\n", lines);
    }

    private void killAll() {
        for (Node node : nodes) {
            try {
                node.kill9();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() throws IOException {
        killAll();
        Runtime.getRuntime().removeShutdownHook(lastWill);
        Files.walkFileTree(home, new Deletion());
    }

    private static final class Deletion extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException e) throws IOException {
            if (e != null) {
                throw e;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
        }
    }
}
