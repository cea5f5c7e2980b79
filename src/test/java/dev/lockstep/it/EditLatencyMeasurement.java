package dev.lockstep.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// How long a small edit takes until it stands on both other nodes, one edit after the other, once the nodes are warm.
/// The floor to compare with is one durable Raft commit: an fdatasync on leader and follower in parallel and two round
/// trips between them.
final class EditLatencyMeasurement {
    private static final int WARM_UP_EDITS = 1500;
    private static final int EDITS = 500;
    private static final int CONTENT_BYTES = 100;
    private static final long LOOK_NANOS = 100_000;

    private final LocalCluster cluster;
    private final Area area;
    private int edits;

    private EditLatencyMeasurement(LocalCluster cluster, Area area) {
        this.cluster = cluster;
        this.area = area;
    }

    private List<Duration> edit(Node writer, int times) throws IOException {
        List<Duration> taken = new ArrayList<>();
        List<Node> readers =
                cluster.nodes().stream().filter(node -> node != writer).toList();
        for (int i = 0; i < times; i++) {
            String name = "f" + edits % 20;
            byte[] content = "%-100d".formatted(++edits).getBytes(StandardCharsets.UTF_8);
            long start = System.nanoTime();
            Files.write(area.on(writer).resolve(name), content);
            for (Node reader : readers) {
                awaitContent(area.on(reader).resolve(name), content);
            }
            taken.add(Duration.ofNanos(System.nanoTime() - start));
        }
        return taken;
    }

    private static void awaitContent(Path file, byte[] content) throws IOException {
        while (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), content)) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }

    private void report(String who, List<Duration> taken) {
        System.out.printf(
                "%s: %d edits of %d bytes: p50 %.2f ms, p99 %.2f ms%n",
                who,
                taken.size(),
                CONTENT_BYTES,
                FailoverMeasurement.quantile(taken, 0.5).toNanos() / 1e6,
                FailoverMeasurement.quantile(taken, 0.99).toNanos() / 1e6);
    }

    /// By hand: `java -cp ... dev.lockstep.it.EditLatencyMeasurement [edits]`.
    public static void main(String[] arguments) throws IOException {
        int times = arguments.length > 0 ? Integer.parseInt(arguments[0]) : EDITS;
        try (LocalCluster cluster = LocalCluster.founded()) {
            EditLatencyMeasurement measurement = new EditLatencyMeasurement(cluster, Area.open(cluster, "latency"));
            Node leader = cluster.leader();
            Node follower = cluster.followers().getFirst();
            measurement.report("cold, at the leader", measurement.edit(leader, 200));
            for (Node node : cluster.nodes()) {
                measurement.edit(node, WARM_UP_EDITS / 3);
            }
            measurement.report("at the leader", measurement.edit(leader, times));
            measurement.report("at a follower", measurement.edit(follower, times));
        }
    }
}
