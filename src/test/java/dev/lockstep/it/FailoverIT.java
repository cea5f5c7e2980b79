package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Leaders and majorities that go away and come back.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class FailoverIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofMinutes(1);

    private final LocalCluster cluster = SHARED.cluster();

    /// T12.
    @Test
    void everyNodeCanWriteAfterTheOldLeaderIsBack() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        Node old = cluster.leader();
        List<Node> survivors = cluster.followers();
        old.kill9();
        for (Node survivor : survivors) {
            area.write(survivor, "during-" + survivor.id(), "written while the leader was dead");
            paths.add("during-" + survivor.id());
        }
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
        old.start();
        cluster.awaitReady();
        for (Node node : cluster.nodes()) {
            area.write(node, "after-" + node.id(), "written after its return");
            paths.add("after-" + node.id());
        }
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
    }

    /// T13.
    @Test
    void changesOfNodeWithoutMajorityWaitAndThenReachAll() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "modified", "old");
        area.write(cluster.node(1), "deleted", "old");
        area.awaitSameAndKept(SOON);
        cluster.node(1).kill9();
        cluster.node(2).kill9();
        Node alone = cluster.node(3);
        area.write(alone, "made", "alone");
        area.write(alone, "modified", "alone");
        area.delete(alone, "deleted");
        Await.until(
                "it is not ready without a majority", SOON, () -> !alone.face().isReady());
        Await.until(
                "its changes are shown as pending",
                SOON,
                () -> alone.status().get("pending").asInt() >= 3);
        cluster.node(1).start();
        area.awaitContent(cluster.node(1), "modified", "alone");
        cluster.node(2).start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        area.assertPaths("made", "modified");
        area.assertContent("made", "alone");
        area.assertContent("modified", "alone");
    }

    /// T14.
    @Test
    void filesWrittenDuringTheElectionAllArrive() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        Node survivor = cluster.followers().get(0);
        Node leader = cluster.leader();
        leader.kill9();
        Rhythm.play(Duration.ofMillis(100), 30, beat -> {
            area.write(survivor, "f" + beat, "file " + beat);
            paths.add("f" + beat);
        });
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
        leader.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
    }

    /// T15.
    @Test
    void streamOfFilesOutlivesTheLeader() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        Node writer = cluster.followers().get(0);
        Node leader = cluster.leader();
        Rhythm.play(Duration.ofMillis(20), 100, beat -> {
            if (beat == 50) {
                leader.kill9();
            }
            area.write(writer, "f" + beat, "file " + beat);
            paths.add("f" + beat);
        });
        leader.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
    }

    /// T56, D07.
    @Test
    void leaderThatStoodStillAcceptsWhatHappenedMeanwhile() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f", "old");
        area.awaitSameAndKept(SOON);
        Node old = cluster.leader();
        List<Node> others = cluster.followers();
        old.stop();
        area.write(others.get(0), "f", "new");
        area.write(others.get(1), "g", "new");
        area.awaitContent("f", "new");
        area.awaitContent("g", "new");
        Node successor = cluster.leader();
        assertThat(successor.id()).isNotEqualTo(old.id());
        Await.stays("the old leader stands still", Duration.ofSeconds(5), () -> !old.isRunning());
        old.cont();
        area.awaitSameAndKept(SOON);
        area.assertPaths("f", "g");
        area.assertContent("f", "new");
        assertThat(cluster.leader().isRunning()).isTrue();
        long leaders = 0;
        for (Node node : cluster.nodes()) {
            leaders += "leader".equalsIgnoreCase(node.status().get("role").asString()) ? 1 : 0;
        }
        assertThat(leaders).isEqualTo(1);
    }

    /// T61.
    @Test
    void readinessAndStatusTellTheTruth() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(2), "f", "counted");
        area.awaitSameAndKept(SOON);
        Await.untilAsserted("all answers agree at rest", SOON, () -> {
            String leader = cluster.leader().id();
            long index = cluster.node(1).commitIndex();
            for (Node node : cluster.nodes()) {
                var status = node.status();
                assertThat(status.get("node").asString()).isEqualTo(node.id());
                assertThat(status.get("leader").asString()).isEqualTo(leader);
                assertThat(status.get("commitIndex").asLong()).isEqualTo(index);
                assertThat(status.get("appliedIndex").asLong()).isEqualTo(index);
                assertThat(status.get("pending").asInt()).isZero();
                assertThat(status.get("inSync").asBoolean()).isTrue();
                assertThat(status.get("peers")).isNotNull();
                assertThat(status.get("watch").toString()).contains("ok");
                assertThat(node.face().get("/healthz").statusCode()).isEqualTo(200);
                assertThat(node.face().isReady()).isTrue();
            }
        });
        cluster.node(1).kill9();
        cluster.node(3).kill9();
        Node alone = cluster.node(2);
        Await.until("it is not ready", SOON, () -> alone.face().get("/readyz").statusCode() == 503);
        assertThat(alone.face().get("/healthz").statusCode()).isEqualTo(200);
        var barrier = alone.face().sync(false, Duration.ofSeconds(2));
        area.write(alone, "g", "without a majority");
        assertThat(alone.face().sync(false, Duration.ofSeconds(2)).statusCode())
                .as("the barrier before said %s", barrier.body())
                .isNotEqualTo(200);
        assertThat(alone.status().get("inSync").asBoolean()).isFalse();
    }

    /// The bound is two seconds at the 99th percentile; a loaded build machine is given more.
    @Test
    void nextEditStandsOnBothSurvivorsSoonAfterTheLeaderIsKilled() throws Exception {
        Area area = SHARED.area();
        FailoverMeasurement measurement = new FailoverMeasurement(cluster, area);
        List<Duration> taken = new ArrayList<>();
        for (int round = 0; round < 5; round++) {
            taken.add(measurement.round(round));
        }
        System.out.println("leader killed, next edit on both survivors: " + taken);
        area.awaitSameAndKept(SOON);
        assertThat(taken).allMatch(time -> time.compareTo(Duration.ofSeconds(6)) < 0);
        assertThat(FailoverMeasurement.quantile(taken, 0.5)).isLessThan(Duration.ofSeconds(2));
    }

    /// T18 in small: whoever leads is killed while all nodes write.
    @Test
    void nothingIsLostWhileLeadersComeAndGo() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        for (int kill = 0; kill < 3; kill++) {
            Node leader = cluster.leader();
            int phase = kill;
            Rhythm.play(Duration.ofMillis(20), 60, beat -> {
                if (beat == 20) {
                    leader.kill9();
                }
                Node writer = cluster.node(1 + beat % 3);
                String name = "f" + phase + "-" + beat;
                area.write(writer, name, "file " + name);
                paths.add(name);
            });
            leader.start();
            cluster.awaitReady();
        }
        area.awaitSameAndKept(SOON);
        area.assertPaths(paths);
        assertThat(Files.exists(area.on(1).resolve("f2-59"))).isTrue();
    }
}
