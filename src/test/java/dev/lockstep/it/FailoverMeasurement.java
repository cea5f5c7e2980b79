package dev.lockstep.it;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// How long a cluster takes to go on when its leader is killed: from the kill until a file written on one
/// survivor at
/// that moment stands on the other.
final class FailoverMeasurement {
    private static final int ROUNDS = 20;

    private final LocalCluster cluster;
    private final Area area;

    FailoverMeasurement(LocalCluster cluster, Area area) {
        this.cluster = cluster;
        this.area = area;
    }

    /// Files are being written before and after the kill; the one that counts is written right after it. All
    /// nodes are
    /// up and equal on return.
    Duration round(int number) throws IOException, InterruptedException {
        Node leader = cluster.leader();
        List<Node> survivors = cluster.followers();
        Node writer = survivors.get(0);
        Node reader = survivors.get(1);
        for (int i = 0; i < 10; i++) {
            area.write(writer, "before" + number + "-" + i, "before the kill " + i);
        }
        leader.kill9();
        long killed = System.nanoTime();
        area.write(writer, "probe" + number, "probe " + number);
        area.awaitContent(reader, "probe" + number, "probe " + number);
        Duration taken = Duration.ofNanos(System.nanoTime() - killed);
        leader.start();
        cluster.awaitReady();
        cluster.awaitSame(Duration.ofMinutes(1));
        return taken;
    }

    /// The smallest duration that at least this share does not exceed.
    static Duration quantile(List<Duration> durations, double share) {
        List<Duration> sorted = durations.stream().sorted().toList();
        return sorted.get((int) Math.ceil(share * sorted.size()) - 1);
    }

    /// By hand: `java -cp ... dev.lockstep.it.FailoverMeasurement [rounds]`.
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : ROUNDS;
        try (LocalCluster cluster = LocalCluster.founded()) {
            FailoverMeasurement measurement = new FailoverMeasurement(cluster, Area.open(cluster, "failover"));
            List<Duration> taken = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                taken.add(measurement.round(round));
                System.out.println("round " + round + ": " + taken.getLast().toMillis() + " ms");
            }
            System.out.printf(
                    "%d kills: median %d ms, p99 %d ms%n",
                    rounds,
                    quantile(taken, 0.5).toMillis(),
                    quantile(taken, 0.99).toMillis());
        }
    }
}
