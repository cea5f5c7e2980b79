package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// C03: the power goes while files are written on all nodes. Each node's folder and state stand on a disk of their own,
/// which is cut off between two writes; the journal is replayed before the node starts again, and the machine is said
/// to have booted (`lockstep.bootId`). The writers sync each file; a file that was not synced yet is not judged.
/// `-Dlockstep.rounds` says how often, 4 if not given.
@Timeout(value = 60, unit = TimeUnit.MINUTES)
final class PowerLossIT {
    private static final int ROUNDS = Integer.getInteger("lockstep.rounds", 4);
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final int PATHS_EACH = 40;

    private final List<Disk> disks = new ArrayList<>();
    private final Map<String, Integer> synced = new ConcurrentHashMap<>();
    private final Set<String> unjudged = ConcurrentHashMap.newKeySet();
    private final Set<Node> powerless = ConcurrentHashMap.newKeySet();
    private Path home;
    private LocalCluster cluster;
    private int boots;

    @BeforeEach
    void found() throws Exception {
        Assumptions.assumeTrue(Disk.isPossible(), "no loop mounts for this user on this system");
        home = Files.createTempDirectory("lockstep-power");
        for (int number = 1; number <= 3; number++) {
            // Each round leaves some history.
            disks.add(Disk.ext4(home, "disk" + number, 256 + 50 * ROUNDS));
        }
        cluster = LocalCluster.onHomes(disks.stream().map(Disk::root).toList());
        boot(cluster.nodes());
        cluster.startAll();
    }

    @AfterEach
    void close() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
        for (Disk disk : disks) {
            disk.close();
        }
        if (home != null) {
            Shell.in(home, "rm -rf '" + home + "'");
        }
    }

    @Test
    void nothingSyncedIsLostAndNoDamageIsProposed() throws Exception {
        Random random = new Random(4);
        for (int round = 0; round < ROUNDS; round++) {
            List<Node> victims = cluster.nodes().subList(0, List.of(3, 1, 2).get(round % 3));
            writeUntilPowerIsLost(random, round, victims);
            boot(victims);
            try {
                cluster.startAll();
                cluster.awaitSame(SOON);
                assertNothingLost("round " + round + ", " + victims.size() + " nodes");
            } catch (AssertionError | ConditionTimeoutException failed) {
                System.err.println(cluster.report());
                throw failed;
            }
        }
    }

    private void writeUntilPowerIsLost(Random random, int round, List<Node> victims) throws Exception {
        int beats = 150 + random.nextInt(250);
        int[] sizes = {300, 1000, 5000, 30_000, 60_000, 200_000};
        List<Rhythm> writers = new ArrayList<>();
        for (Node node : cluster.nodes()) {
            Random own = new Random(random.nextLong());
            writers.add(Rhythm.start(
                    Duration.ofMillis(15),
                    beats,
                    beat -> write(node, own.nextInt(PATHS_EACH), round * 10_000 + beat, sizes[own.nextInt(6)])));
        }
        writers.getFirst().join();
        for (Node victim : victims) {
            victim.stop();
        }
        powerless.addAll(victims);
        for (Node victim : victims) {
            disk(victim).losePower();
        }
        for (Node victim : victims) {
            victim.kill9();
        }
        for (Rhythm writer : writers) {
            writer.close();
        }
        for (Node victim : victims) {
            disk(victim).comeBack();
        }
        powerless.clear();
    }

    private Disk disk(Node node) {
        return disks.get(cluster.nodes().indexOf(node));
    }

    /// One writer for each path.
    private void write(Node node, int number, int sequence, int length) {
        String path = node.id() + "-" + number;
        unjudged.add(path);
        byte[] version = new SelfDescribing(node.id(), sequence, length).bytes();
        try (FileChannel out = FileChannel.open(
                node.folder().resolve(path),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            for (ByteBuffer rest = ByteBuffer.wrap(version); rest.hasRemaining(); ) {
                out.write(rest);
            }
            out.force(true);
            // While the file system is being cut off the kernel may say that what it has dropped is on the disk.
            if (!powerless.contains(node)) {
                synced.put(path, sequence);
                unjudged.remove(path);
            }
        } catch (IOException powerIsLost) {
            // What stands there now is known to nobody: it stays unjudged.
            return;
        }
    }

    private void boot(List<Node> nodes) {
        boots++;
        nodes.forEach(node -> node.startWith(List.of("-Dlockstep.bootId=boot" + boots)));
    }

    private void assertNothingLost(String when) throws IOException {
        Set<String> torn = Set.copyOf(unjudged);
        for (Node node : cluster.nodes()) {
            List<String> wrong = new ArrayList<>();
            for (Map.Entry<String, Integer> one : synced.entrySet()) {
                if (!torn.contains(one.getKey())) {
                    judge(node, one.getKey(), one.getValue()).ifPresent(wrong::add);
                }
            }
            TreeImage.ofFolder(node.folder()).items().keySet().stream()
                    .filter(path -> path.contains("conflict"))
                    .filter(path -> torn.stream().noneMatch(one -> path.startsWith(one + "%20")))
                    .forEach(path -> wrong.add("proposed though nobody wrote it: " + path));
            assertThat(wrong).as("on %s after %s", node.id(), when).isEmpty();
        }
    }

    private static Optional<String> judge(Node node, String path, int sequence) throws IOException {
        Path file = node.folder().resolve(path);
        if (!Files.exists(file)) {
            return Optional.of("lost: " + path + " sequence " + sequence);
        }
        byte[] bytes = Files.readAllBytes(file);
        Optional<SelfDescribing> version = SelfDescribing.of(bytes);
        if (version.isEmpty()) {
            return Optional.of("torn: " + path + ", " + bytes.length + " bytes");
        }
        return version.get().sequence() == sequence
                ? Optional.empty()
                : Optional.of(path + " has sequence " + version.get().sequence() + " instead of " + sequence);
    }
}
