package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// E01 to E06, E12, E14: disks that are full, refuse or fail. What happens to the folder alone delays single entries
/// and
/// heals by itself; a log that cannot be written ends the node. Node 2 has a disk of its own.
@Timeout(value = 20, unit = TimeUnit.MINUTES)
@SuppressWarnings("NullAway.Init") // each test says which disk it needs: see found
final class StorageErrorsIT {
    private static final Duration SOON = Duration.ofMinutes(2);

    /// Half a second for each sync.
    private static final List<String> SLOW_DISK = List.of(
            "strace",
            "-D",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "inject=fdatasync,fsync:delay_enter=500000");

    private Path home;
    private Disk disk;
    private LocalCluster cluster;
    private Node victim;
    private Node other;
    private Area area;

    @BeforeEach
    void needDisk() throws Exception {
        Assumptions.assumeTrue(Disk.isPossible(), "no loop mounts for this user on this system");
        home = Files.createTempDirectory("lockstep-disk");
    }

    private void found(Disk own) throws Exception {
        disk = own;
        List<Path> homes = new ArrayList<>();
        for (String name : List.of("home1", "home3")) {
            homes.add(Files.createDirectory(home.resolve(name)));
        }
        homes.add(1, disk.root());
        cluster = LocalCluster.onHomes(homes);
        cluster.startAll();
        victim = cluster.node(2);
        other = cluster.node(1);
        area = Area.open(cluster, "area");
        for (int i = 0; i < 10; i++) {
            area.write(other, "old-" + i, new SelfDescribing("old", i, 3_000).bytes());
        }
        area.awaitSameAndKept(SOON);
    }

    @AfterEach
    void close() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
        if (disk != null) {
            disk.close();
        }
        if (home != null) {
            Shell.in(home, "rm -rf '" + home + "'");
        }
    }

    /// E01, E02, T59: folder and log are on one disk, and it is full.
    @Test
    void fullDiskHarmsNoFileAndNoOtherNode() throws Exception {
        found(Disk.ext4(home, "small", 96));
        Path filler = disk.root().resolve("filler");
        Shell.run(disk.root(), List.of("dd", "if=/dev/zero", "of=" + filler, "bs=64k", "count=4000"), SOON);
        goesOnWithoutTheVictim(40, 60_000);
        oldFilesAreWhole();
        Files.delete(filler);
        comesBack();
    }

    /// E03.
    @Test
    void diskWithoutInodesHarmsNoFileAndNoOtherNode() throws Exception {
        found(Disk.madeBy(home, "few", 96, "mkfs.ext4 -q -F -N 700"));
        Path filler = Files.createDirectory(disk.root().resolve("filler"));
        Shell.run(filler, List.of("sh", "-c", "i=0; while : > f$i; do i=$((i+1)); done"), SOON);
        goesOnWithoutTheVictim(40, 3_000);
        oldFilesAreWhole();
        Shell.in(disk.root(), "rm -rf filler");
        comesBack();
    }

    /// E04.
    @Test
    void tooFewDescriptorsHarmNoFileAndNoOtherNode() throws Exception {
        found(Disk.ext4(home, "plain", 256));
        victim.limitDescriptors(60);
        goesOnWithoutTheVictim(600, 400);
        oldFilesAreWhole();
        if (victim.isAlive()) {
            victim.limitDescriptors(4_096);
        }
        comesBack();
    }

    /// A21, E05: only that entry waits, it is listed with its reason, and heals by itself.
    @Test
    void refusedEntryWaitsAloneAndHeals() throws Exception {
        found(Disk.ext4(home, "plain", 256));
        Path fixed = area.on(victim).resolve("old-1");
        Shell.in(disk.root(), "chattr +i '" + fixed + "'");
        try {
            area.write(other, "old-1", new SelfDescribing("new", 1, 2_000).bytes());
            area.write(other, "old-2", new SelfDescribing("new", 2, 2_000).bytes());
            area.awaitContent(victim, "old-2", new SelfDescribing("new", 2, 2_000).bytes());
            Await.until(
                    "it is listed",
                    SOON,
                    () -> victim.status().get("unplaceable").toString().contains("old-1"));
            assertThat(SelfDescribing.of(Files.readAllBytes(fixed))).contains(new SelfDescribing("old", 1, 3_000));
        } finally {
            Shell.in(disk.root(), "chattr -i '" + fixed + "'");
        }
        area.awaitSameAndKept(SOON);
        assertThat(victim.status().get("unplaceable").size()).isZero();
    }

    /// E05, E12: what cannot be written any more is never acknowledged, the process ends, and the others go on.
    @Test
    void nodeWhoseLogFailsEnds() throws Exception {
        found(Disk.ext4(home, "failing", 256));
        victim.term();
        victim.writeTo(home);
        victim.start();
        cluster.awaitReady();
        disk.losePower();
        try (Rhythm _ = Rhythm.start(
                Duration.ofMillis(100),
                600,
                beat -> Files.write(
                        area.on(other).resolve("during-" + beat % 20), new SelfDescribing("n", beat, 500).bytes()))) {
            Shell.Ended ended = victim.awaitEnd();
            assertThat(ended.code()).isNotZero();
            assertThat(ended.output()).contains("cannot go on");
        }
        area.write(other, "after", "written without the failed node");
        area.awaitContent("after", "written without the failed node");
        disk.comeBack();
        victim.start();
        cluster.awaitReady();
        cluster.awaitSame(SOON);
    }

    /// A19: a file that is mostly holes needs no more room elsewhere than it has bytes, on its own node neither.
    @Test
    void sparseFileLargerThanTheDiskArrives() throws Exception {
        found(Disk.ext4(home, "small", Load.of(256, 2048)));
        int gigabytes = Load.of(1, 20);
        for (Node origin : List.of(other, victim)) {
            String name = "sparse-of-" + origin.id();
            Files.createDirectories(area.on(origin));
            Shell.in(area.on(origin), """
                    truncate -s %dG ../new
                    dd if=/dev/urandom of=../new bs=1M count=1 seek=500 conv=notrunc 2>/dev/null
                    mv ../new %s
                    """.formatted(gigabytes, name));
            long begin = System.nanoTime();
            cluster.awaitSame(SOON.multipliedBy(10));
            System.out.println(gigabytes + " GiB of holes: " + Duration.ofNanos(System.nanoTime() - begin));
            String look =
                    "stat -c %s " + name + " && dd if=" + name + " bs=1M count=1 skip=500 2>/dev/null | sha256sum";
            String wanted = Shell.in(area.on(origin), look);
            for (Node node : cluster.nodes()) {
                assertThat(Shell.in(area.on(node), look)).as("on %s", node.id()).isEqualTo(wanted);
                assertThat(Long.parseLong(Shell.in(area.on(node), "stat -c %b " + name)
                                        .strip())
                                * 512)
                        .as("bytes of disk on %s", node.id())
                        .isLessThan(8 << 20);
            }
            Shell.in(area.on(origin), "rm " + name);
            area.awaitAbsent(name);
        }
        oldFilesAreWhole();
    }

    /// E13: a majority does not wait for the slow disk, whose node catches up. Where the leader's disk is as slow,
    /// nothing
    /// is wrong.
    @Test
    void slowDiskDelaysOnlyWhatNeedsIt() throws Exception {
        found(Disk.ext4(home, "plain", 256));
        victim.kill9();
        victim.startUnder(SLOW_DISK);
        cluster.awaitSame(SOON);
        // Who just came cannot lead while both others know of each other.
        assertThat(cluster.leader()).isNotSameAs(victim);
        long begin = System.nanoTime();
        for (int i = 0; i < 50; i++) {
            byte[] content = new SelfDescribing("fast", i, 1_000).bytes();
            area.write(other, "fast-" + i, content);
            area.awaitContent(cluster.node(3), "fast-" + i, content);
        }
        Duration took = Duration.ofNanos(System.nanoTime() - begin);
        System.out.println("50 edits beside a follower whose disk takes half a second: " + took);
        // If one of them waited for that disk it would be half a second later, and so would each.
        assertThat(took).isLessThan(Duration.ofSeconds(12));
        area.awaitSameAndKept(SOON);
        for (Node node : List.of(other, cluster.node(3))) {
            node.kill9();
            node.startUnder(SLOW_DISK);
        }
        area.write(other, "slow", new SelfDescribing("slow", 1, 1_000).bytes());
        cluster.awaitSame(SOON.multipliedBy(3));
        area.awaitContent(victim, "slow", new SelfDescribing("slow", 1, 1_000).bytes());
        oldFilesAreWhole();
    }

    /// E06: files that are cut off while they are read.
    @Test
    void fileThatIsCutOffWhileItIsReadHarmsNothing() throws Exception {
        found(Disk.ext4(home, "plain", 256));
        byte[] large = new SelfDescribing("n", 1, 8_000_000).bytes();
        for (int round = 0; round < 30; round++) {
            Path file = area.on(victim).resolve("cut");
            Files.write(file, large);
            Files.write(file, new byte[0]);
        }
        area.write(victim, "cut", new SelfDescribing("n", 2, 5_000_000).bytes());
        area.awaitSameAndKept(SOON);
    }

    /// E14.
    @ParameterizedTest
    @ValueSource(strings = {"tmpfs", "mkfs.xfs -q -f", "mkfs.btrfs -q -f"})
    void otherFileSystemsGiveTheSameResults(String maker) throws Exception {
        boolean isThere = maker.equals("tmpfs")
                || Shell.run(home, List.of("sh", "-c", "command -v " + maker.split(" ")[0]), SOON)
                                .code()
                        == 0;
        Assumptions.assumeTrue(isThere, "no " + maker);
        found(maker.equals("tmpfs") ? Disk.tmpfs(home, "other", 200) : Disk.madeBy(home, "other", 400, maker));
        for (int i = 0; i < 30; i++) {
            area.write(victim, "mine-" + i, new SelfDescribing("n2", i, 500 + 5_000 * i).bytes());
            area.write(other, "old-" + i % 10, new SelfDescribing("n1", i, 600 + 5_000 * i).bytes());
        }
        area.awaitSameAndKept(SOON);
        area.move(victim, "mine-1", "moved");
        area.delete(other, "old-3");
        area.awaitSameAndKept(SOON);
        victim.kill9();
        area.write(other, "old-4", "while it was down");
        area.write(victim, "mine-2", "in the dead folder");
        victim.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
    }

    private void goesOnWithoutTheVictim(int files, int length) throws Exception {
        for (int i = 0; i < files; i++) {
            area.write(other, "new-" + i, new SelfDescribing("new", i, length + i).bytes());
        }
        Node third = cluster.node(3);
        for (int i : List.of(0, files / 2, files - 1)) {
            area.awaitContent(third, "new-" + i, new SelfDescribing("new", i, length + i).bytes());
        }
    }

    private void oldFilesAreWhole() throws IOException {
        try (var files = Files.list(area.on(victim))) {
            for (Path file : files.toList()) {
                assertThat(SelfDescribing.of(Files.readAllBytes(file)))
                        .as("%s", file.getFileName())
                        .isPresent();
            }
        }
    }

    /// By itself if it is still alive, else by the same command.
    private void comesBack() throws Exception {
        if (!victim.isAlive()) {
            assertThat(victim.awaitEnd().code()).isNotZero();
            victim.start();
        }
        cluster.awaitReady();
        try {
            area.awaitSameAndKept(SOON);
        } catch (AssertionError notAlive) {
            if (victim.isAlive()) {
                throw notAlive;
            }
            assertThat(victim.awaitEnd().code()).isNotZero();
            victim.start();
            cluster.awaitReady();
            area.awaitSameAndKept(SOON);
        }
    }
}
