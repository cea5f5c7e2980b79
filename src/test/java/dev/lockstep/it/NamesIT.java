package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Names as bytes, and entries that are neither files nor directories.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class NamesIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(30);

    private final LocalCluster cluster = SHARED.cluster();

    /// T28: names that a program of this kind might take for its own.
    @Test
    void namesThatSoundInternalAreOrdinary() throws Exception {
        Area area = SHARED.area();
        List<String> files = List.of(
                "raft-notes.txt",
                "my.db",
                "my-snapshots-2.txt",
                "snapshots/x",
                "raft/log_0-1",
                "catalog/CURRENT",
                "staged/y",
                "history/z",
                "node.pid",
                ".lockstep/marker",
                ".lockstep-not",
                "x.tmp",
                ".x.swp",
                "f (conflict node1 0123abcd).txt");
        List<String> paths = new ArrayList<>(List.of("snapshots", "raft", "catalog", "staged", "history", ".lockstep"));
        for (String file : files) {
            Path path = area.on(1).resolve(file);
            Files.createDirectories(path.getParent());
            area.write(cluster.node(1), file, "content of " + file);
            paths.add(file.replace(" ", "%20"));
        }
        cluster.awaitSame(SOON);
        area.assertPaths(paths);
        for (String file : files) {
            area.assertContent(file, "content of " + file);
        }
    }

    /// T30, A11, A12.
    @Test
    void namesArriveByteForByte() throws Exception {
        Area area = SHARED.area();
        List<byte[]> names = new ArrayList<>();
        for (String name : List.of(
                "new\nline",
                "tab\there",
                "quo\"te'",
                "-dash",
                "trailing ",
                "trailing.",
                "...",
                "\uD83D\uDE80 rocket",
                "\u202Ertl",
                "back\\slash",
                "semi;colon & $(cmd) `x` *?",
                "%41",
                "#hash?query",
                "x".repeat(255),
                " ",
                "~",
                "\u0001\u007f",
                "\u00FC".repeat(127))) {
            names.add(name.getBytes(StandardCharsets.UTF_8));
        }
        names.add(new byte[] {(byte) 0xff});
        names.add("caf\u00E9".getBytes(StandardCharsets.ISO_8859_1));
        names.add(new byte[] {'a', (byte) 0xc3});
        names.add(new byte[] {(byte) 0xed, (byte) 0xa0, (byte) 0x80});
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            Path directory = area.on(1 + i % 3);
            Path file = RawName.under(directory, names.get(i));
            Files.writeString(file, "name " + i);
            paths.add(RawName.of(directory, file));
        }
        cluster.awaitSame(SOON);
        area.assertPaths(paths);
        for (int i = 0; i < names.size(); i++) {
            for (Node node : cluster.nodes()) {
                assertThat(RawName.under(area.on(node), names.get(i))).hasContent("name " + i);
            }
        }
    }

    /// A13.
    @Test
    void twoSpellingsOfOneLetterAreTwoFiles() throws Exception {
        Area area = SHARED.area();
        String composed = "caf\u00E9";
        String decomposed = "cafe\u0301";
        Files.writeString(RawName.under(area.on(1), composed), "composed");
        Files.writeString(RawName.under(area.on(2), decomposed), "decomposed");
        cluster.awaitSame(SOON);
        area.assertPaths(RawName.spelled(composed), RawName.spelled(decomposed));
        Files.delete(RawName.under(area.on(1), decomposed));
        cluster.awaitSame(SOON);
        Files.move(RawName.under(area.on(3), composed), RawName.under(area.on(3), decomposed));
        cluster.awaitSame(SOON);
        area.assertPaths(RawName.spelled(decomposed));
        assertThat(RawName.under(area.on(2), decomposed)).hasContent("composed");
    }

    /// A14.
    @Test
    void caseTellsNamesApart() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "Readme", "one");
        area.write(cluster.node(2), "README", "two");
        Shell.in(area.on(3), "mkdir dir && printf in > dir/f");
        cluster.awaitSame(SOON);
        area.assertPaths("Readme", "README", "dir", "dir/f");
        Shell.in(area.on(1), "mv Readme readme && mv dir DIR");
        cluster.awaitSame(SOON);
        area.assertPaths("readme", "README", "DIR", "DIR/f");
        area.assertContent("readme", "one");
        area.assertContent("README", "two");
        area.assertContent("DIR/f", "in");
    }

    /// T26, A16.
    @Test
    void symlinksArriveAsLinksAndNothingIsReadThroughThem() throws Exception {
        Area area = SHARED.area();
        Path outside = Files.createDirectory(cluster.home().resolve("secret-" + area.name()));
        Files.writeString(outside.resolve("s"), "outside");
        Shell.in(area.on(1), """
                printf target > file && mkdir dir && printf in > dir/f
                ln -s file to-file && ln -s dir to-dir && ln -s nowhere dangling
                ln -s %s absolute && ln -s ../.. up && ln -s loop loop && ln -s dir/../file winding
                """.formatted(outside));
        cluster.awaitSame(SOON);
        area.assertPaths("file", "dir", "dir/f", "to-file", "to-dir", "dangling", "absolute", "up", "loop", "winding");
        for (Node node : cluster.nodes()) {
            assertThat(Files.readSymbolicLink(area.on(node).resolve("absolute")))
                    .isEqualTo(outside);
            assertThat(Files.readSymbolicLink(area.on(node).resolve("to-dir"))).isEqualTo(Path.of("dir"));
        }
        Shell.in(area.on(2), "ln -sfn elsewhere to-file && rm dangling");
        cluster.awaitSame(SOON);
        assertThat(Files.readSymbolicLink(area.on(3).resolve("to-file"))).isEqualTo(Path.of("elsewhere"));
        assertThat(Files.isSymbolicLink(area.on(3).resolve("dangling"))).isFalse();
        area.assertContent("file", "target");
        assertThat(outside.resolve("s")).hasContent("outside");
    }

    /// T27, G02 (1): a link in one folder never leads another node out of its folder.
    @Test
    void nothingIsWrittenThroughSymlinkThatPointsOutside() throws Exception {
        Area area = SHARED.area();
        Path outside = Files.createDirectory(cluster.home().resolve("outside-" + area.name()));
        Node third = cluster.node(3);
        third.stop();
        Files.createSymbolicLink(area.on(third).resolve("d"), outside);
        Shell.in(area.on(1), "mkdir d && printf in > d/f");
        Await.until("node2 has it", SOON, () -> Files.exists(area.on(2).resolve("d/f")));
        third.cont();
        cluster.awaitSame(Duration.ofMinutes(1));
        assertThat(outside).isEmptyDirectory();
        area.assertContent("d/f", "in");
    }

    /// A17, T29.
    @Test
    void specialFilesAreListedAndStopNothing() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), "mkfifo pipe && ln -s /dev/zero endless && mkdir d && mkfifo d/pipe && printf x > d/f");
        area.write(cluster.node(1), "ordinary", "arrives");
        area.awaitContent("ordinary", "arrives");
        area.awaitContent("d/f", "x");
        cluster.awaitSame(SOON);
        area.assertPaths("d", "d/f", "endless", "ordinary");
        Await.until("the FIFOs are listed", SOON, () -> {
            String listed = cluster.node(1).status().get("unsupported").toString();
            return listed.contains(area.name() + "/pipe") && listed.contains(area.name() + "/d/pipe");
        });
        assertThat(Files.exists(area.on(2).resolve("pipe"))).isFalse();
        Shell.in(area.on(1), "rm pipe d/pipe && printf file > pipe");
        area.awaitContent("pipe", "file");
        Await.until(
                "nothing is listed any more",
                SOON,
                () -> !cluster.node(1).status().get("unsupported").toString().contains("pipe"));
    }
}
