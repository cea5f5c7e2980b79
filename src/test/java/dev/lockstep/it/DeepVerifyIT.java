package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.decay.Decay;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/// Bytes of users' files that went bad below the stamps. The folders lie in memory, where that can be done without
/// being
/// root, see [Decay].
@Timeout(value = 4, unit = TimeUnit.MINUTES)
final class DeepVerifyIT {
    private static final Duration SOON = Duration.ofSeconds(40);

    private LocalCluster cluster;

    @BeforeEach
    void found() throws Exception {
        cluster = LocalCluster.planned(Decay.memory(), 3, List.of());
        cluster.startAll();
        cluster.awaitSame(SOON);
    }

    @AfterEach
    void close() throws IOException {
        cluster.close();
    }

    /// Once all nodes agree on the files, which nothing has touched since.
    private void spoil(List<Path> files) throws Exception {
        List<Decay> decays = new ArrayList<>();
        try {
            for (Path file : files) {
                decays.add(new Decay(file));
            }
            for (Node node : cluster.nodes()) {
                node.face().scan(Duration.ofSeconds(10));
            }
            cluster.awaitSame(SOON);
            for (Decay decay : decays) {
                decay.spoil(100);
            }
        } finally {
            for (Decay decay : decays) {
                decay.close();
            }
        }
    }

    @Test
    void damagedFilesAreFoundAndRepairedFromPeersAndNeverProposed() throws Exception {
        Node second = cluster.node(2);
        byte[] large = new SelfDescribing("node1", 1, 3_000_000).bytes();
        Files.write(cluster.node(1).folder().resolve("large"), large);
        Files.writeString(cluster.node(1).folder().resolve("small"), "small ".repeat(200));
        Files.writeString(cluster.node(1).folder().resolve("other"), "untouched");
        cluster.awaitSame(SOON);
        spoil(List.of(second.folder().resolve("large"), second.folder().resolve("small")));
        long index = second.commitIndex();
        assertThat(second.face().scan(Duration.ofSeconds(20)).statusCode()).isEqualTo(200);
        JsonNode shallow = cluster.node(1).face().verify(false);
        assertThat(shallow.get("same").asBoolean()).as("stamps tell nothing").isTrue();
        assertThat(Files.readAllBytes(second.folder().resolve("large"))).isNotEqualTo(large);

        Shell.Ended ended = Launch.command(
                cluster.home(), "verify", "--deep", "--api", cluster.node(1).http());
        assertThat(ended.output())
                .contains("node2: 3 files read again, 2 damaged")
                .contains("  large was damaged on disk, placed again")
                .contains("  small was damaged on disk, placed again")
                .contains("node3: 3 files read again, 0 damaged")
                .contains("all folders are the same");
        assertThat(ended.code()).isZero();
        for (Node node : cluster.nodes()) {
            assertThat(Files.readAllBytes(node.folder().resolve("large"))).isEqualTo(large);
            assertThat(node.folder().resolve("small")).hasContent("small ".repeat(200));
        }
        cluster.awaitSame(SOON);
        assertThat(second.commitIndex()).isEqualTo(index);

        JsonNode again = second.face().verify(true);
        assertThat(again.get("same").asBoolean()).as(again.toString()).isTrue();
        for (JsonNode state : again.get("deep")) {
            assertThat(state.get("damaged").size()).isZero();
            assertThat(state.get("files").asLong()).isEqualTo(3);
        }
    }

    /// Where no node has good bytes left that says so, and nothing is made up.
    @Test
    void fileThatIsDamagedEverywhereIsReported() throws Exception {
        Files.writeString(cluster.node(1).folder().resolve("f"), "content ".repeat(10_000));
        cluster.awaitSame(SOON);
        spoil(cluster.nodes().stream().map(node -> node.folder().resolve("f")).toList());
        String spoilt = Files.readString(cluster.node(3).folder().resolve("f"));
        for (Node node : cluster.nodes()) {
            dropCopies(node);
        }
        Shell.Ended ended = Launch.command(
                cluster.home(),
                "verify",
                "--deep",
                "--json",
                "--api",
                cluster.node(3).http());
        assertThat(ended.code()).as(ended.output()).isNotZero();
        assertThat(ended.output()).contains("waits for a good copy").contains("\"good\":false");
        assertThat(cluster.node(3).folder().resolve("f")).hasContent(spoilt);
        assertThat(cluster.node(3).status().get("inSync").asBoolean()).isFalse();
        Files.writeString(cluster.node(1).folder().resolve("f"), "written anew");
        cluster.awaitSame(SOON);
        assertThat(cluster.node(3).folder().resolve("f")).hasContent("written anew");
    }

    /// What history still has of it goes; a content of this size is not in the log either.
    private void dropCopies(Node node) throws Exception {
        node.term();
        for (String part : List.of("history", "staged")) {
            try (var kept = Files.list(node.state().resolve(part))) {
                for (Path path : kept.toList()) {
                    Files.delete(path);
                }
            }
        }
        node.start();
        cluster.awaitReady(node);
    }
}
