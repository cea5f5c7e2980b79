package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Nodes whose log keeps few entries: who was away for longer gets a snapshot.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class LogCutIT {
    private static final List<String> LOW_LIMITS = List.of(
            "-Dlockstep.snapshotTriggerEntries=40",
            "-Dlockstep.purgePreservedEntries=10",
            "-Dlockstep.segmentBytesMax=16384");
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final Duration BARRIER = Duration.ofSeconds(20);
    private static final int ROUNDS_MAX = 2_000;
    private static final int SEGMENTS_MAX = 16;

    private LocalCluster cluster;
    private Area area;

    @BeforeEach
    void start() throws IOException {
        cluster = LocalCluster.planned(3, LOW_LIMITS);
        cluster.startAll();
        area = Area.open(cluster, "area");
    }

    @RegisterExtension
    AfterTestExecutionCallback report = context -> {
        if (context.getExecutionException().isPresent()) {
            System.err.println(cluster.report());
        }
    };

    @AfterEach
    void end() throws IOException {
        cluster.close();
    }

    /// T46, D09.
    @Test
    void nodeThatWasAwayForLongCatchesUpAndNothingIsLost() throws Exception {
        Node away = cluster.followers().getFirst();
        writeBefore(away);
        long killedAt = kill(away);
        writeInTheDeadFolder(away);
        writeUntilCut(killedAt);
        away.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        assertCaughtUpBySnapshot(away, killedAt);
        area.awaitAbsent("gone");
        area.awaitAbsent("gone-directory");
        area.awaitAbsent("deleted-away");
        area.assertContent("edited-away", "edited in the dead node's folder");
        area.assertContent("away-directory/new", "made in the dead node's folder");
        area.assertContent("survives", "edited, while the others deleted it");
    }

    private void writeBefore(Node away) throws IOException {
        Node here = cluster.running().getFirst();
        Files.createDirectories(area.on(here).resolve("gone-directory"));
        for (String path : List.of("gone", "gone-directory/f", "deleted-away", "edited-away", "survives", "both")) {
            area.write(here, path, "from before: " + path);
        }
        for (int i = 0; i < 20; i++) {
            area.write(here, "untouched-" + i, "stays " + i);
        }
        area.write(away, "large", new SelfDescribing("away", 1, 300_000).bytes());
        area.awaitSameAndKept(SOON);
    }

    private void writeInTheDeadFolder(Node away) throws IOException {
        area.delete(away, "deleted-away");
        area.write(away, "edited-away", "edited in the dead node's folder");
        Files.createDirectories(area.on(away).resolve("away-directory"));
        area.write(away, "away-directory/new", "made in the dead node's folder");
        area.write(away, "survives", "edited, while the others deleted it");
        area.write(away, "both", "edited in the dead node's folder");
        Node here = cluster.running().getFirst();
        Files.delete(area.on(here).resolve("survives"));
        Files.write(area.on(here).resolve("both"), contentUnseen("both", "edited on the living side"));
        area.delete(here, "gone");
        area.delete(here, "gone-directory/f");
        Files.delete(area.on(here).resolve("gone-directory"));
    }

    private byte[] contentUnseen(String path, String content) {
        byte[] bytes = content.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        area.ledger().writtenUnseen(path, bytes);
        return bytes;
    }

    /// D09: whoever sends the snapshot dies while it is sent, and just after it has come.
    @Test
    void leaderThatIsKilledDuringTheInstallDoesNoHarm() throws Exception {
        for (int round = 0; round < 2; round++) {
            Node away = cluster.followers().getFirst();
            long killedAt = kill(away);
            area.write(away, "away-" + round, "made in the dead node's folder, round " + round);
            writeUntilCut(killedAt);
            Node leader = cluster.leader();
            RaftDirectory log = RaftDirectory.of(away);
            Callable<Boolean> hasCome = () -> log.snapshotIndex() > killedAt;
            away.start();
            Await.until(
                    "the snapshot is on its way",
                    SOON,
                    round == 0 ? () -> log.isReceiving() || hasCome.call() : hasCome);
            leader.kill9();
            leader.start();
            cluster.awaitReady();
            area.awaitSameAndKept(SOON);
            assertCaughtUpBySnapshot(away, killedAt);
            area.assertContent("away-" + round, "made in the dead node's folder, round " + round);
        }
    }

    /// T47, T51: also without any edit, and a store that was replaced stays out for ever.
    @Test
    void nodeThatLostEverythingIsReplacedTwice() throws Exception {
        writeUntilCut(RaftDirectory.of(cluster.node(1)).firstKeptIndex() + 60);
        area.awaitSameAndKept(SOON);
        Node lost = cluster.node(3);
        Path first = loseEverything(lost, "first");
        replace(lost);
        lost.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);

        area.write(lost, "of-the-second", "written by the second store");
        area.awaitSameAndKept(SOON);

        Path second = loseEverything(lost, "second");
        replace(lost);
        for (Path store : List.of(first, second)) {
            assertKeptOut(lost, store);
        }
        lost.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
        for (Node node : cluster.nodes()) {
            assertThat(node.folder().resolve("found")).hasContent("a file of the user");
        }
        area.write(lost, "after", "from the replaced node");
        area.awaitSameAndKept(SOON);
        area.assertContent("after", "from the replaced node");
    }

    /// @return where its state has gone
    private Path loseEverything(Node node, String name) throws Exception {
        node.kill9();
        Path kept = cluster.home().resolve("state-" + name);
        Files.move(node.state(), kept);
        Shell.in(cluster.home(), "rm -r '" + node.folder() + "'; mkdir '" + node.folder() + "'");
        return kept;
    }

    private void replace(Node node) throws Exception {
        String api = cluster.running().getFirst().http();
        Shell.Ended ended = Launch.command(cluster.home(), "members", "replace", node.id(), "--api", api);
        assertThat(ended.code()).as(ended.output()).isZero();
    }

    private void assertKeptOut(Node node, Path store) throws Exception {
        Files.writeString(node.folder().resolve("found"), "a file of the user");
        Files.move(store, node.state());
        Path marker = node.folder().resolve(".lockstep");
        Files.copy(node.state().resolve("marker"), marker);
        node.start();
        Shell.Ended ended = node.awaitEnd();
        assertThat(ended.code()).as("exit status").isNotZero();
        assertThat(ended.output()).contains("was replaced");
        Files.move(node.state(), store);
        Files.delete(marker);
    }

    /// G18.
    @Test
    void logDoesNotGrowAtRestAndKeepsFewFiles() throws Exception {
        writeUntilCut(300);
        area.awaitSameAndKept(SOON);
        awaitRest(Duration.ofSeconds(8));
        for (Node node : cluster.nodes()) {
            assertThat(RaftDirectory.of(node).segments())
                    .as("files of the log of %s", node.id())
                    .isLessThan(SEGMENTS_MAX);
            assertThat(RaftDirectory.of(node).firstKeptIndex()).isGreaterThan(300);
        }
    }

    private void awaitRest(Duration howLong) {
        AtomicLong sizeBytes = new AtomicLong(-1);
        AtomicLong sinceNanos = new AtomicLong();
        Await.until("the logs stay as they are", howLong.multipliedBy(5), () -> {
            long now = 0;
            for (Node node : cluster.nodes()) {
                now += RaftDirectory.of(node).sizeBytes();
            }
            if (sizeBytes.getAndSet(now) != now) {
                sinceNanos.set(System.nanoTime());
            }
            return System.nanoTime() - sinceNanos.get() > howLong.toNanos();
        });
    }

    /// @return the last index that the node can have
    private long kill(Node node) throws Exception {
        node.kill9();
        return cluster.leader().commitIndex();
    }

    /// Makes, changes and removes files and directories on all running nodes until none of them has entries
    /// up to `logIndex` any more.
    private void writeUntilCut(long logIndex) throws Exception {
        for (int round = 0; !isCut(logIndex); round++) {
            assertThat(round).as("the log is cut").isLessThan(ROUNDS_MAX);
            Node node = cluster.running().get(round % cluster.running().size());
            String directory = "churn-" + round % 10;
            Files.createDirectories(area.on(node).resolve(directory));
            area.write(node, directory + "/f" + round, "written in round " + round);
            passBarrier(node);
            if (round % 3 == 0) {
                area.delete(node, directory + "/f" + round);
                passBarrier(node);
            }
        }
    }

    private static void passBarrier(Node node) throws Exception {
        assertThat(node.face().sync(false, BARRIER).statusCode()).isEqualTo(200);
    }

    private boolean isCut(long logIndex) throws IOException {
        for (Node node : cluster.running()) {
            if (RaftDirectory.of(node).firstKeptIndex() <= logIndex) {
                return false;
            }
        }
        return true;
    }

    private static void assertCaughtUpBySnapshot(Node node, long killedAt) throws IOException {
        assertThat(RaftDirectory.of(node).snapshotIndex())
                .as("snapshot of %s", node.id())
                .isGreaterThan(killedAt);
        assertThat(RaftDirectory.of(node).firstKeptIndex())
                .as("log of %s", node.id())
                .isGreaterThan(killedAt);
    }
}
