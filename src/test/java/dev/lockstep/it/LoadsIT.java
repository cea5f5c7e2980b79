package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Much at once: many writers, many files, large files, many kills.
@Timeout(value = 30, unit = TimeUnit.MINUTES)
final class LoadsIT {
    private static final Duration SOON = Duration.ofMinutes(1);
    private static final Duration PATIENCE = Duration.ofMinutes(15);
    private static final Duration STILL = Duration.ofSeconds(Load.of(5, 30));
    private static final long RESIDENT_BYTES_MAX = 400_000_000;
    private static final long LOG_BYTES_MAX = 64_000_000;

    private LocalCluster cluster;
    private Area area;

    @BeforeEach
    void found() throws Exception {
        cluster = LocalCluster.founded();
        area = Area.open(cluster, "area");
    }

    @AfterEach
    void close() throws IOException {
        cluster.close();
    }

    /// T01.
    @Test
    void writersOfDifferentFilesDoNotTakeFromEachOther() throws Exception {
        try (Rhythm first = Rhythm.start(
                Duration.ofMillis(Load.of(20, 100)),
                100,
                beat -> area.write(cluster.node(1), "one-" + beat, "first " + beat))) {
            Rhythm.play(
                    Duration.ofMillis(Load.of(20, 100)),
                    50,
                    beat -> Files.writeString(area.on(2).resolve("two-" + beat), "second " + beat));
            first.join();
        }
        area.awaitSameAndKept(SOON);
        for (Node node : cluster.nodes()) {
            assertThat(area.files(node)).hasSize(150);
        }
        for (int file = 0; file < 50; file++) {
            area.assertContent("two-" + file, "second " + file);
        }
    }

    /// T33.
    @Test
    void contentsOfEveryKindArrive() throws Exception {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        area.write(cluster.node(1), "all", all);
        area.write(cluster.node(2), "nothing", new byte[0]);
        area.write(cluster.node(3), "cut", all);
        area.write(cluster.node(1), "name", "before");
        Shell.in(area.on(1), "ln name other && truncate -s " + Load.of(10, 100) + "M holes");
        area.awaitSameAndKept(SOON);
        area.write(cluster.node(2), "cut", new byte[0]);
        Files.writeString(area.on(1).resolve("other"), "through its other name");
        cluster.awaitSame(SOON);
        area.assertContent("all", all);
        area.assertContent("nothing", "");
        area.assertContent("cut", "");
        area.assertContent("name", "through its other name");
        area.assertContent("other", "through its other name");
        assertThat(area.on(3).resolve("holes")).hasSize(Load.of(10, 100) * 1_048_576L);
    }

    /// T40.
    @Test
    void threeWritersOfOneFileEndWithTheSame() throws Exception {
        int writes = Load.of(100, 1_500);
        List<Rhythm> writers = new ArrayList<>();
        for (Node node : cluster.nodes()) {
            Path file = area.on(node).resolve("f");
            writers.add(Rhythm.start(
                    Duration.ofMillis(20),
                    writes,
                    beat -> Files.write(file, new SelfDescribing(node.id(), beat, 500).bytes())));
        }
        for (Rhythm writer : writers) {
            writer.join();
            writer.close();
        }
        cluster.awaitSame(Duration.ofMinutes(3));
        System.out.println("T40: " + area.files(cluster.node(1)).size() + " files, the copies among them");
        for (Node node : cluster.nodes()) {
            try (Stream<Path> files = Files.list(area.on(node))) {
                for (Path file : files.toList()) {
                    assertThat(SelfDescribing.of(Files.readAllBytes(file)))
                            .as("%s is what one program wrote", file)
                            .isPresent();
                }
            }
        }
    }

    /// T49: what stood on a majority when all were killed stands everywhere afterwards.
    @Test
    void killsOfAllNodesTakeNothingThatAMajorityHad() throws Exception {
        Random random = new Random(1);
        for (int round = 0; round < Load.of(2, 40); round++) {
            int first = round * 1_000;
            Rhythm.play(
                    Duration.ofMillis(15),
                    50 + random.nextInt(150),
                    beat -> Files.write(
                            area.on(1 + beat % 3).resolve("f" + (first + beat)),
                            new SelfDescribing("node" + (1 + beat % 3), first + beat, 200 + 40 * beat).bytes()));
            Set<String> owed = onMajority();
            for (Node node : cluster.nodes()) {
                node.kill9();
            }
            for (Node node : cluster.nodes()) {
                node.start();
            }
            cluster.awaitReady();
            cluster.awaitSame(Duration.ofMinutes(2));
            for (Node node : cluster.nodes()) {
                assertThat(area.files(node).keySet())
                        .as("on %s after round %s", node.id(), round)
                        .containsAll(owed);
                for (String path : owed) {
                    assertThat(SelfDescribing.of(
                                    Files.readAllBytes(area.on(node).resolve(path))))
                            .as("%s on %s", path, node.id())
                            .isPresent();
                }
            }
        }
    }

    private Set<String> onMajority() throws IOException {
        Map<String, Integer> nodes = new TreeMap<>();
        for (Node node : cluster.nodes()) {
            try (Stream<Path> files = Files.list(area.on(node))) {
                files.forEach(file -> nodes.merge(file.getFileName().toString(), 1, Integer::sum));
            }
        }
        nodes.values().removeIf(count -> count < 2);
        return nodes.keySet();
    }

    /// T54: what was put in a file's place while the node was down is nobody's trouble but this name's.
    @Test
    void directoryInPlaceOfFileHoldsUpNothing() throws Exception {
        area.write(cluster.node(1), "f", "before");
        area.awaitSameAndKept(SOON);
        cluster.node(3).kill9();
        Files.delete(area.on(3).resolve("f"));
        Files.createDirectory(area.on(3).resolve("f"));
        Files.writeString(area.on(3).resolve("f/inside"), "inside");
        area.write(cluster.node(1), "f", "edited meanwhile");
        area.write(cluster.node(2), "g", "another");
        area.awaitContent(cluster.node(1), "g", "another");
        cluster.node(3).start();
        cluster.awaitReady();
        cluster.awaitSame(SOON);
        area.assertContent("f/inside", "inside");
        area.assertContent("g", "another");
        for (Node node : cluster.nodes()) {
            assertThat(area.files(node)).containsValue(Sha256.of("edited meanwhile".getBytes(StandardCharsets.UTF_8)));
        }
    }

    /// T60.
    @Test
    void largeFilesAndTheirEditsNeedBoundedRoom() throws Exception {
        byte[] megabyte = new byte[1_048_576];
        Random random = new Random(2);
        for (int file = 0; file < Load.of(20, 1_000); file++) {
            random.nextBytes(megabyte);
            Files.write(area.on(1 + file % 3).resolve("f" + file), megabyte);
        }
        cluster.awaitSame(PATIENCE);
        long size = Load.of(5, 50) * 1_048_576L;
        byte[] large = new byte[(int) size];
        random.nextBytes(large);
        Files.write(area.on(1).resolve("large"), large);
        byte[] edit = new byte[4_096];
        for (int count = 0; count < Load.of(5, 100); count++) {
            random.nextBytes(edit);
            try (RandomAccessFile file =
                    new RandomAccessFile(area.on(1).resolve("large").toFile(), "rw")) {
                file.seek(random.nextLong(size - edit.length));
                file.write(edit);
            }
            String wanted = Sha256.of(area.on(1).resolve("large"));
            Await.until(
                    "edit " + count + " has arrived",
                    SOON,
                    () -> wanted.equals(Sha256.of(area.on(2).resolve("large")))
                            && wanted.equals(Sha256.of(area.on(3).resolve("large"))));
        }
        cluster.awaitSame(PATIENCE);
        for (Node node : cluster.nodes()) {
            long log = RaftDirectory.of(node).sizeBytes();
            System.out.println(
                    "T60 " + node.id() + ": log " + log + " bytes, resident " + node.residentBytes() + " bytes");
            assertThat(log).as("bytes of the log of %s", node.id()).isLessThan(LOG_BYTES_MAX);
            assertThat(node.residentBytes())
                    .as("resident bytes of %s", node.id())
                    .isLessThan(RESIDENT_BYTES_MAX);
        }
    }

    /// T62: times and processor time are printed, not judged.
    @Test
    void manyFilesOutliveKillOfAllAndThenTheLogIsStill() throws Exception {
        int files = Load.of(2_000, 100_000);
        for (int file = 0; file < files; file++) {
            Path directory = area.on(1).resolve("d" + file / 100);
            if (file % 100 == 0) {
                Files.createDirectory(directory);
            }
            Files.writeString(directory.resolve("f" + file), "file " + file);
        }
        cluster.awaitSame(PATIENCE);
        long start = System.nanoTime();
        for (Node node : cluster.nodes()) {
            node.kill9();
        }
        for (Node node : cluster.nodes()) {
            node.start();
        }
        cluster.awaitReady();
        cluster.awaitSame(PATIENCE);
        System.out.println("T62: started and the same after " + Duration.ofNanos(System.nanoTime() - start));
        long edited = System.nanoTime();
        Files.writeString(area.on(2).resolve("d0/f0"), "edited");
        Await.until(
                "the edit has arrived",
                SOON,
                () -> Files.readString(area.on(1).resolve("d0/f0")).equals("edited")
                        && Files.readString(area.on(3).resolve("d0/f0")).equals("edited"));
        System.out.println("T62: edit after " + Duration.ofNanos(System.nanoTime() - edited));
        long index = cluster.node(1).commitIndex();
        List<Duration> used = new ArrayList<>();
        for (Node node : cluster.nodes()) {
            used.add(node.processorTime());
        }
        Await.stays(
                "the edit stands", STILL, () -> Files.isRegularFile(area.on(3).resolve("d0/f0")));
        for (int i = 0; i < used.size(); i++) {
            System.out.println("T62 " + cluster.nodes().get(i).id() + ": processor time in " + STILL + " of rest "
                    + cluster.nodes().get(i).processorTime().minus(used.get(i)) + ", resident "
                    + cluster.nodes().get(i).residentBytes() + " bytes");
        }
        assertThat(cluster.node(1).commitIndex()).isEqualTo(index);
    }
}
