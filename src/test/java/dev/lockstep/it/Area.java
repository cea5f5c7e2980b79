package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// A directory below the root of every node's folder that one test works in, and the ledger of what it wrote
/// there.
final class Area {
    private static final Duration ARRIVAL = Duration.ofSeconds(20);

    private final LocalCluster cluster;
    private final String name;
    private final Ledger ledger = new Ledger();

    private Area(LocalCluster cluster, String name) {
        this.cluster = cluster;
        this.name = name;
    }

    static Area open(LocalCluster cluster, String name) throws IOException {
        Area area = new Area(cluster, name);
        Files.createDirectory(cluster.running().get(0).folder().resolve(name));
        for (Node node : cluster.running()) {
            Await.until(name + " stands on " + node.id(), ARRIVAL, () -> Files.isDirectory(area.on(node)));
        }
        return area;
    }

    String name() {
        return name;
    }

    Ledger ledger() {
        return ledger;
    }

    Path on(Node node) {
        return node.folder().resolve(name);
    }

    /// @param number 1 for the first node
    Path on(int number) {
        return on(cluster.node(number));
    }

    /// Writes a file in place (cut to nothing, then written) as the next version of what stood there.
    void write(Node node, String path, byte[] content) throws IOException {
        ledger.written(path, content);
        Files.write(on(node).resolve(path), content);
    }

    void write(Node node, String path, String content) throws IOException {
        write(node, path, content.getBytes(StandardCharsets.UTF_8));
    }

    /// Writes without having seen what other nodes wrote to the same path: both contents have to be kept.
    void writeUnseen(Node node, String path, String content) throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        ledger.writtenUnseen(path, bytes);
        Files.write(on(node).resolve(path), bytes);
    }

    void append(Node node, String path, String text) throws IOException {
        Files.writeString(on(node).resolve(path), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /// Renames a file within the area.
    void move(Node node, String from, String to) throws IOException {
        ledger.moved(from, to);
        Files.move(on(node).resolve(from), on(node).resolve(to));
    }

    void delete(Node node, String path) throws IOException {
        ledger.deleted(path);
        Files.delete(on(node).resolve(path));
    }

    void awaitContent(Node node, String path, byte[] content) {
        Path file = on(node).resolve(path);
        Await.until(
                path + " has its content on " + node.id(),
                ARRIVAL,
                () -> Arrays.equals(Files.readAllBytes(file), content));
    }

    void awaitContent(Node node, String path, String content) {
        awaitContent(node, path, content.getBytes(StandardCharsets.UTF_8));
    }

    void awaitContent(String path, String content) {
        for (Node node : cluster.running()) {
            awaitContent(node, path, content);
        }
    }

    void awaitAbsent(String path) {
        for (Node node : cluster.running()) {
            Path file = on(node).resolve(path);
            Await.until(
                    path + " is gone on " + node.id(), ARRIVAL, () -> !Files.exists(file, LinkOption.NOFOLLOW_LINKS));
        }
    }

    /// Folders equal, and everything the ledger knows is kept on every running node.
    void awaitSameAndKept(Duration atMost) throws IOException {
        cluster.awaitSame(atMost);
        for (Node node : cluster.running()) {
            ledger.assertKept(TreeImage.of(on(node)), node.id());
        }
    }

    /// Exactly these entries stand on every running node, at any depth, spelled as [RawName] does.
    void assertPaths(List<String> paths) throws IOException {
        for (Node node : cluster.running()) {
            assertThat(TreeImage.of(on(node)).replicated().items().keySet())
                    .as("what stands in %s on %s", name, node.id())
                    .containsExactlyElementsOf(new TreeSet<>(paths));
        }
    }

    void assertPaths(String... paths) throws IOException {
        assertPaths(List.of(paths));
    }

    void assertContent(String path, byte[] content) throws IOException {
        for (Node node : cluster.running()) {
            assertThat(Sha256.of(on(node).resolve(path)))
                    .as("digest of %s on %s", path, node.id())
                    .isEqualTo(Sha256.of(content));
        }
    }

    void assertContent(String path, String content) throws IOException {
        for (Node node : cluster.running()) {
            assertThat(on(node).resolve(path)).as("on %s", node.id()).hasContent(content);
        }
    }

    void assertStill(Node node, String path, String content) {
        assertThat(on(node).resolve(path)).as("on %s", node.id()).hasContent(content);
    }

    /// The files of the area and their digests, as they stand on a node.
    SortedMap<String, String> files(Node node) throws IOException {
        SortedMap<String, String> files = new TreeMap<>();
        TreeImage.of(on(node)).items().forEach((path, item) -> {
            if ("file".equals(item.type())) {
                files.put(path, item.content());
            }
        });
        return files;
    }
}
