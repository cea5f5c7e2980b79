package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Nodes that are killed wherever they are: at any time, and at each named place of their work.
@Timeout(value = 90, unit = TimeUnit.MINUTES)
final class CrashIT {
    /// C01: 200 in the long run.
    private static final int CYCLES = Integer.getInteger("lockstep.cycles", 5);

    private static final int JUDGED_EVERY = 10;
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final Duration REACHED = Duration.ofSeconds(60);
    private static final int KILLED = 137;
    private static final List<String> OFTEN = List.of(
            "-Dlockstep.snapshotTriggerEntries=40",
            "-Dlockstep.purgePreservedEntries=5",
            "-Dlockstep.segmentBytesMax=16384");

    private static final int LIVES_ROUNDS = 20;

    private LocalCluster cluster;
    private Area area;

    @BeforeEach
    void found() throws Exception {
        cluster = LocalCluster.planned(3, OFTEN);
        cluster.startAll();
        area = Area.open(cluster, "area");
    }

    @AfterEach
    void close() throws IOException {
        cluster.close();
    }

    /// C01: any of the nodes, or all, at any moment under mixed load.
    @Test
    void killsAtRandomLoseNothing() throws Exception {
        Random random = new Random(1);
        for (int cycle = 0; cycle < CYCLES; cycle++) {
            int first = cycle * 1_000;
            int killAt = random.nextInt(60);
            int count = random.nextInt(4) == 0 ? 3 : 1 + random.nextInt(2);
            List<Node> victims = new ArrayList<>(cluster.nodes());
            java.util.Collections.shuffle(victims, random);
            List<Node> killed = victims.subList(0, count);
            Rhythm.play(Duration.ofMillis(15), 70, beat -> {
                work(random, first + beat);
                if (beat == killAt) {
                    for (Node victim : killed) {
                        victim.kill9();
                    }
                }
            });
            for (Node node : cluster.nodes()) {
                if (!node.isAlive()) {
                    node.start();
                }
            }
            if (cycle % JUDGED_EVERY == JUDGED_EVERY - 1 || cycle == CYCLES - 1) {
                judge("cycle " + cycle);
            }
        }
    }

    /// One writer for each path, so that each change knows what it changes.
    private void work(Random random, int sequence) throws IOException {
        Node node = cluster.node(1 + random.nextInt(3));
        String path = node.id() + "-" + random.nextInt(25);
        boolean isThere = Files.exists(area.on(node).resolve(path));
        if (isThere && random.nextInt(6) == 0) {
            area.delete(node, path);
        } else {
            int length = new int[] {300, 2_000, 20_000, 50_000, 150_000}[random.nextInt(5)];
            area.write(node, path, new SelfDescribing(node.id(), sequence, length).bytes());
        }
    }

    private void judge(String when) throws IOException {
        try {
            cluster.awaitReady();
            area.awaitSameAndKept(SOON);
            for (Node node : cluster.nodes()) {
                try (var files = Files.list(area.on(node))) {
                    for (var file : files.filter(Files::isRegularFile).toList()) {
                        assertThat(SelfDescribing.of(Files.readAllBytes(file)))
                                .as("%s on %s after %s", file.getFileName(), node.id(), when)
                                .isPresent();
                    }
                }
            }
        } catch (AssertionError failed) {
            System.err.println(cluster.report());
            throw failed;
        }
    }

    /// C02, C05, C06: the process ends at a named place; the same command brings it back.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "staging.written",
                "staging.named",
                "placing.created",
                "placing.directory",
                "placing.exchanged",
                "placing.recorded",
                "placing.removed",
                "placing.deleted",
                "placing.moved",
                "deciding.accepted",
                "deciding.recorded",
                "receiving.synced",
                "receiving.named",
                "sync.written",
                "sync.done",
                "sync.recorded",
                "snapshot.written",
                "snapshot.synced",
                "snapshot.summed",
                "snapshot.named",
                "catalog.applied",
                "incarnation.counted",
                "run.recorded"
            })
    void killAtNamedPlaceLosesNothing(String place) throws Exception {
        Node victim = cluster.node(2);
        prepare();
        victim.kill9();
        victim.startWith(List.of("-Dlockstep.failpoints=" + place + "=panic"));
        victim.start();
        try (Rhythm _ = Rhythm.start(Duration.ofMillis(100), 600, this::everyKindOfChange)) {
            Await.until(place + " is reached", REACHED, () -> !victim.isAlive());
        } catch (ConditionTimeoutException neverReached) {
            System.err.println(cluster.report());
            throw neverReached;
        }
        assertThat(victim.awaitEnd().code()).isEqualTo(KILLED);
        victim.startWith(List.of());
        victim.start();
        judge(place);
    }

    private void prepare() throws Exception {
        for (int i = 0; i < 4; i++) {
            area.write(cluster.node(1), "edited-" + i, new SelfDescribing("before", i, 700 + i).bytes());
        }
        area.awaitSameAndKept(SOON);
    }

    /// In the victim's folder and in another one's.
    private void everyKindOfChange(int round) throws IOException {
        for (int number : List.of(1, 2)) {
            Node node = cluster.node(number);
            String own = "n" + number + "-" + round;
            area.write(node, own, new SelfDescribing(node.id(), round, 500).bytes());
            area.write(node, own + "-large", new SelfDescribing(node.id(), round, 70_000).bytes());
            area.write(node, "rewritten-" + number, new SelfDescribing(node.id(), round, 600).bytes());
            if (round > 0) {
                String last = "n" + number + "-" + (round - 1);
                area.move(node, last, "moved-" + last);
                area.delete(node, last + "-large");
            }
            if (round >= LIVES_ROUNDS) {
                // By now it stands on the other nodes, which have to remove it.
                area.delete(node, "moved-n" + number + "-" + (round - LIVES_ROUNDS));
            }
        }
        Files.createDirectory(area.on(1).resolve("directory-" + round));
        area.write(cluster.node(1), "edited-" + round % 4, new SelfDescribing("edit", round, 800).bytes());
    }

    /// C07: killed again and again before it is up.
    @Test
    void killsDuringTheStartDoNoHarm() throws Exception {
        prepare();
        Node victim = cluster.node(3);
        victim.kill9();
        Random random = new Random(7);
        for (int i = 0; i < 10; i++) {
            area.write(cluster.node(1), "while-down-" + i, new SelfDescribing("n1", i, 400).bytes());
            area.write(victim, "in-dead-folder-" + i, new SelfDescribing("n3", i, 400).bytes());
            victim.start();
            long started = System.nanoTime();
            long wait = TimeUnit.MILLISECONDS.toNanos(200 + random.nextInt(2_500));
            Await.until("a part of the start is done", SOON, () -> System.nanoTime() - started > wait);
            victim.kill9();
        }
        victim.start();
        judge("ten kills during the start");
    }

    /// C08: while a large file is placed the old one is whole; then nothing is left over.
    @Test
    void killWhileLargeFileIsPlacedLeavesTheOldOneWhole() throws Exception {
        byte[] old = new SelfDescribing("n1", 1, 40_000_000).bytes();
        area.write(cluster.node(1), "large", old);
        area.awaitSameAndKept(SOON);
        Node victim = cluster.node(3);
        victim.kill9();
        victim.startWith(List.of("-Dlockstep.failpoints=receiving.synced=panic"));
        victim.start();
        cluster.awaitReady(victim);
        area.write(cluster.node(1), "large", new SelfDescribing("n1", 2, 40_000_001).bytes());
        assertThat(victim.awaitEnd().code()).isEqualTo(KILLED);
        assertThat(SelfDescribing.of(Files.readAllBytes(area.on(victim).resolve("large"))))
                .contains(new SelfDescribing("n1", 1, 40_000_000));
        victim.startWith(List.of());
        victim.start();
        judge("a kill while a large file was received");
        try (var staged = Files.list(victim.state().resolve("staged"))) {
            assertThat(staged.map(file -> file.getFileName().toString())).noneMatch(name -> name.contains(".part-"));
        }
    }

    /// C09: a node without memory ends, and does not stay half alive.
    @Test
    void nodeWithoutMemoryEnds() throws Exception {
        Node victim = cluster.node(3);
        victim.kill9();
        victim.startWith(List.of("-Xmx24m"));
        victim.start();
        int[] round = {0};
        Await.until("it has ended, or manages", SOON, () -> {
            if (round[0]++ < 400) {
                area.write(cluster.node(1), "f" + round[0] % 50, new SelfDescribing("n1", round[0], 30_000).bytes());
            }
            return !victim.isAlive() || (round[0] >= 400 && victim.face().isReady());
        });
        if (!victim.isAlive()) {
            assertThat(victim.awaitEnd().code()).isNotZero();
        }
        victim.kill9();
        victim.startWith(List.of());
        victim.start();
        judge("a node without memory");
    }
}
