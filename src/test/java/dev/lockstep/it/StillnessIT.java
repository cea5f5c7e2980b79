package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What a cluster does when nobody does anything, and what it takes to hold many files.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class StillnessIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final Duration STILL = Duration.ofSeconds(Load.of(10, 60));
    /// Entries of the log that are no edits: elections, configurations.
    private static final int OTHER_ENTRIES_MAX = 20;

    private static final long RESIDENT_BYTES_MAX = 300_000_000;

    private final LocalCluster cluster = SHARED.cluster();

    /// B12, T04.
    @Test
    void eachEditIsProposedOnceAndThenTheLogIsStill() throws Exception {
        Area area = SHARED.area();
        cluster.awaitSame(SOON);
        long before = cluster.node(1).commitIndex();
        for (int edit = 0; edit < 1000; edit++) {
            area.write(cluster.node(1), "f" + edit % 50, "edit " + edit);
        }
        area.awaitSameAndKept(SOON);
        assertThat(cluster.node(1).commitIndex() - before).isBetween(1L, 1000L + OTHER_ENTRIES_MAX);
        assertStill(area);
    }

    /// T04.
    @Test
    void arrivedFileIsNotTouchedAgainAndCostsNothing() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f", new SelfDescribing("node1", 1, 1024).bytes());
        area.awaitSameAndKept(SOON);
        // What came before still keeps the compiler busy for a while: the quieter of two stretches counts.
        List<Duration> first = processorTimeAtRest(area);
        List<Duration> second = processorTimeAtRest(area);
        for (int i = 0; i < first.size(); i++) {
            Duration used = first.get(i).compareTo(second.get(i)) < 0 ? first.get(i) : second.get(i);
            System.out.println(
                    "processor time of " + cluster.nodes().get(i).id() + " in " + STILL + " at rest: " + used);
            assertThat(used).isLessThan(STILL.dividedBy(10));
        }
    }

    private List<Duration> processorTimeAtRest(Area area) throws Exception {
        List<Duration> used = new ArrayList<>();
        for (Node node : cluster.nodes()) {
            used.add(node.processorTime());
        }
        assertStill(area);
        for (int i = 0; i < used.size(); i++) {
            used.set(i, cluster.nodes().get(i).processorTime().minus(used.get(i)));
        }
        return used;
    }

    private void assertStill(Area area) throws Exception {
        long index = cluster.node(1).commitIndex();
        List<String> stamps = new ArrayList<>();
        for (Node node : cluster.nodes()) {
            stamps.add(TreeImage.of(area.on(node)).stamps().toString());
        }
        Await.stays("the commit index is still", STILL, new SlowLook(index)::isStill);
        for (int i = 0; i < stamps.size(); i++) {
            assertThat(TreeImage.of(area.on(i + 1)).stamps().toString())
                    .as("stamps on node%d", i + 1)
                    .isEqualTo(stamps.get(i));
        }
    }

    /// Asks only every half second, so that the asking is not what is measured.
    private final class SlowLook {
        private final long index;
        private long asked;
        private boolean isStill = true;

        SlowLook(long index) {
            this.index = index;
        }

        boolean isStill() throws Exception {
            if (isStill && System.nanoTime() - asked > 500_000_000L) {
                asked = System.nanoTime();
                for (Node node : cluster.nodes()) {
                    isStill &= node.commitIndex() == index;
                }
            }
            return isStill;
        }
    }

    /// B18.
    @Test
    void openingForWritingWithoutWritingIsNoEdit() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f", "content");
        area.awaitSameAndKept(SOON);
        long before = cluster.node(1).commitIndex();
        for (int i = 0; i < 1000; i++) {
            FileChannel.open(area.on(1).resolve("f"), StandardOpenOption.WRITE).close();
        }
        area.awaitSameAndKept(SOON);
        assertThat(cluster.node(1).commitIndex() - before).isLessThanOrEqualTo(2);
        area.assertPaths("f");
    }

    /// B09.
    @Test
    void fileThatChangesAllTheTimeCostsBoundedNumberOfEntries() throws Exception {
        Area area = SHARED.area();
        int writes = Load.of(2000, 20_000);
        long before = cluster.node(1).commitIndex();
        try (FileChannel out =
                FileChannel.open(area.on(1).resolve("f"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            Rhythm.play(Duration.ofSeconds(Load.of(4, 20)).dividedBy(writes), writes, beat -> {
                String version = "version " + (10_000 + beat);
                out.write(ByteBuffer.wrap(version.getBytes(StandardCharsets.UTF_8)), 0);
            });
        }
        cluster.awaitSame(SOON);
        area.assertContent("f", "version " + (10_000 + writes - 1));
        assertThat(cluster.node(1).commitIndex() - before).isLessThan(200);
    }

    /// T04, T08: the files arrive, memory is bounded, and then the log does not grow.
    @Test
    void tenThousandSmallFilesArriveAndLeaveTheNodesSmall() throws Exception {
        Area area = SHARED.area();
        Path source = Files.createDirectory(cluster.home().resolve("source-" + area.name()));
        Random random = new Random(1);
        for (int i = 0; i < 10_000; i++) {
            Path directory = source.resolve("d" + i % 100);
            if (i < 100) {
                Files.createDirectory(directory);
            }
            byte[] content = new byte[1024 + random.nextInt(7 * 1024)];
            random.nextBytes(content);
            Files.write(directory.resolve("f" + i), content);
        }
        long start = System.nanoTime();
        Shell.in(source, "cp -a . '" + area.on(1) + "/copy'");
        cluster.awaitSame(Duration.ofMinutes(2));
        System.out.println("10000 files: " + Duration.ofNanos(System.nanoTime() - start));
        TreeImage wanted = TreeImage.of(source);
        for (Node node : cluster.nodes()) {
            assertThat(TreeImage.of(area.on(node).resolve("copy")).differences(node.id(), wanted, "source"))
                    .isEmpty();
        }
        assertStill(area);
        for (Node node : cluster.nodes()) {
            System.out.println("resident bytes of " + node.id() + ": " + node.residentBytes());
            assertThat(node.residentBytes())
                    .as("resident bytes of %s", node.id())
                    .isLessThan(RESIDENT_BYTES_MAX);
        }
    }
}
