package dev.lockstep.it;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Contents of files: versions, order, sizes.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class EditsIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(30);

    private final LocalCluster cluster = SHARED.cluster();

    /// T02.
    @Test
    void answerToFreshlyArrivedFileIsNeverTakenBack() throws Exception {
        Area area = SHARED.area();
        for (int round = 0; round < 50; round++) {
            String name = "f" + round;
            area.write(cluster.node(1), name, "A" + round);
            area.awaitContent(cluster.node(2), name, "A" + round);
            area.write(cluster.node(2), name, "B" + round);
        }
        area.awaitSameAndKept(SOON);
        area.assertPaths(names("f", 50));
        for (int round = 0; round < 50; round++) {
            area.assertContent("f" + round, "B" + round);
        }
    }

    /// T03.
    @Test
    void appendedLinesStayInOrderOnLeaderAndFollower() throws Exception {
        Area area = SHARED.area();
        Node leader = cluster.leader();
        Node follower = cluster.followers().get(0);
        StringBuilder lines = new StringBuilder();
        Rhythm.play(Duration.ofMillis(20), 200, line -> {
            lines.append("line ").append(line).append('\n');
            area.append(leader, "at-leader.log", "line " + line + "\n");
            area.append(follower, "at-follower.log", "line " + line + "\n");
        });
        cluster.awaitSame(SOON);
        area.assertPaths("at-leader.log", "at-follower.log");
        area.assertContent("at-leader.log", lines.toString());
        area.assertContent("at-follower.log", lines.toString());
    }

    /// T05.
    @Test
    void lastOfTwoQuickVersionsStaysEverywhere() throws Exception {
        Area area = SHARED.area();
        Node writer = cluster.followers().get(0);
        Rhythm.play(Duration.ofMillis(100), 51, beat -> {
            if (beat < 50) {
                area.write(writer, "f" + beat, "first of " + beat);
            }
            if (beat > 0) {
                area.write(writer, "f" + (beat - 1), "second of " + (beat - 1));
            }
        });
        area.awaitSameAndKept(SOON);
        Await.stays("the second version everywhere", Duration.ofSeconds(3), () -> {
            for (int file = 0; file < 50; file++) {
                area.assertContent("f" + file, "second of " + file);
            }
            return true;
        });
        area.assertPaths(names("f", 50));
    }

    /// T07.
    @Test
    void ownFileNeverGoesBackOnTheNodeThatWritesIt() throws Exception {
        Area area = SHARED.area();
        Node writer = cluster.followers().get(0);
        area.write(writer, "f", version(0));
        try (VersionReader reader = VersionReader.of(area.on(writer).resolve("f"), Duration.ofMillis(5))) {
            Rhythm.play(Duration.ofMillis(100), 50, beat -> area.write(writer, "f", version(beat + 1)));
            area.awaitSameAndKept(SOON);
            reader.assertForward();
        }
        area.assertContent("f", version(50));
        area.assertPaths("f");
    }

    /// T09, and A25 in small.
    @Test
    void readersNeverSeeMixOfTwoVersions() throws Exception {
        Area area = SHARED.area();
        Path outside = cluster.home().resolve("outgoing");
        Path file = area.on(1).resolve("f");
        Files.write(file, new SelfDescribing("node1", 0, 1_000_000).bytes());
        cluster.awaitSame(SOON);
        try (VersionReader on2 = VersionReader.of(area.on(2).resolve("f"), Duration.ofMillis(2));
                VersionReader on3 = VersionReader.of(area.on(3).resolve("f"), Duration.ofMillis(2))) {
            Rhythm.play(Duration.ofMillis(50), 50, beat -> {
                Files.write(outside, new SelfDescribing("node1", beat + 1, 1_000_000 + beat).bytes());
                Files.move(outside, file, StandardCopyOption.ATOMIC_MOVE);
            });
            cluster.awaitSame(SOON);
            on2.assertWhole();
            on3.assertWhole();
            on2.assertForward();
            on3.assertForward();
        }
        area.assertContent("f", new SelfDescribing("node1", 50, 1_000_049).bytes());
    }

    /// T11.
    @Test
    void filesOfAllSizesArriveFromEachFollower() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        List<Node> followers = cluster.followers();
        for (Node follower : followers) {
            for (int size : new int[] {
                0, 1, 2_900, 3_000, 4_095, 4_096, 4_097, 32_767, 32_768, 32_769, 65_536, 1_000_000, 10_000_000
            }) {
                String name = follower.id() + "-" + size;
                area.write(follower, name, noise(size, size));
                paths.add(name);
            }
        }
        area.write(followers.get(0), "large", noise(100_000_000, 7));
        paths.add("large");
        area.awaitSameAndKept(Duration.ofMinutes(2));
        area.assertPaths(paths);
    }

    /// A28.
    @Test
    void oddSizesZeroBlocksAndTwinsArriveWhole() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        for (int power = 15; power <= 23; power++) {
            for (int off = -1; off <= 1; off++) {
                String name = "size" + ((1 << power) + off);
                area.write(cluster.node(1), name, noise((1 << power) + off, power));
                paths.add(name);
            }
        }
        area.write(cluster.node(2), "zeros", new byte[20_000_000]);
        area.write(cluster.node(2), "twin1", noise(20_000_000, 99));
        area.write(cluster.node(3), "twin2", noise(20_000_000, 99));
        paths.addAll(List.of("zeros", "twin1", "twin2"));
        area.awaitSameAndKept(Duration.ofSeconds(90));
        area.assertPaths(paths);
    }

    /// A29 in small.
    @Test
    void smallEditsOfLargeFileArriveExactly() throws Exception {
        Area area = SHARED.area();
        byte[] content = noise(30_000_000, 5);
        area.write(cluster.node(1), "f", content);
        area.awaitSameAndKept(SOON);
        content[15_000_000] ^= 1;
        try (var out = FileChannel.open(area.on(1).resolve("f"), StandardOpenOption.WRITE)) {
            out.write(ByteBuffer.wrap(content, 15_000_000, 1), 15_000_000);
        }
        area.ledger().written("f", content);
        area.awaitSameAndKept(SOON);
        area.assertContent("f", content);
        area.assertPaths("f");
    }

    /// A06, T32.
    @Test
    void editWithSameSizeAndSameMtimeIsFound() throws Exception {
        Area area = SHARED.area();
        Path file = area.on(1).resolve("f");
        area.write(cluster.node(1), "f", "one.");
        area.awaitSameAndKept(SOON);
        FileTime before = Files.getLastModifiedTime(file);
        area.write(cluster.node(1), "f", "two.");
        Files.setLastModifiedTime(file, before);
        area.awaitContent("f", "two.");
        for (int round = 0; round < 50; round++) {
            area.write(cluster.node(1), "g" + round, "one.");
            area.write(cluster.node(1), "g" + round, "two.");
        }
        area.awaitSameAndKept(SOON);
        for (int round = 0; round < 50; round++) {
            area.assertContent("g" + round, "two.");
        }
    }

    /// A04 in small: a slow writer keeps its file open.
    @Test
    void fileIsNotReplacedUnderSlowWriter() throws Exception {
        Area area = SHARED.area();
        Path file = area.on(1).resolve("f");
        byte[] piece = noise(4096, 3);
        try (var out = Files.newOutputStream(file)) {
            Object inode = Files.getAttribute(file, "unix:ino");
            Rhythm.play(Duration.ofMillis(200), 40, beat -> {
                out.write(piece);
                out.flush();
                if (!inode.equals(Files.getAttribute(file, "unix:ino"))) {
                    throw new IOException("replaced under the writer at piece " + beat);
                }
            });
        }
        byte[] whole = new byte[40 * piece.length];
        for (int i = 0; i < 40; i++) {
            System.arraycopy(piece, 0, whole, i * piece.length, piece.length);
        }
        area.ledger().written("f", whole);
        area.awaitSameAndKept(SOON);
        area.assertContent("f", whole);
        area.assertPaths("f");
    }

    private static byte[] version(int number) {
        return new SelfDescribing("writer", number, 1000).bytes();
    }

    private static byte[] noise(int size, long seed) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static List<String> names(String prefix, int count) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            names.add(prefix + i);
        }
        return names;
    }
}
