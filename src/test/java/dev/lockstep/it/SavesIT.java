package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// The ways in which programs save, and what they may do to a file besides.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class SavesIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(30);

    private final LocalCluster cluster = SHARED.cluster();

    /// A03, T25. Each style is a script that ends with `new` in `f`, and what else it leaves.
    @Test
    void everyWayToSaveEndsInTheNewContentAlone() throws Exception {
        Area area = SHARED.area();
        Map<String, String> styles = new LinkedHashMap<>();
        styles.put("truncate", "printf new > f");
        styles.put("replace", "printf new > .f.tmp && mv .f.tmp f");
        styles.put("backup", "mv f f~ && printf new > f && rm f~");
        styles.put("recreate", "rm f && printf new > f");
        styles.put("append", "printf '' > f && printf n >> f && printf ew >> f");
        styles.put("sed", "sed -i s/old/new/ f");
        styles.put("middle", "printf nee > f && printf w | dd of=f bs=1 seek=2 conv=notrunc 2>/dev/null");
        styles.put("copy", "printf new > g && cp g f && rm g");
        styles.put("vim", "printf x > .f.swp && mv f f~ && printf new > f && chmod 644 f && rm f~ .f.swp");
        for (String style : styles.keySet()) {
            for (int round = 0; round < 5; round++) {
                Path directory = Files.createDirectory(area.on(1 + round % 3).resolve(style + round));
                Files.writeString(directory.resolve("f"), "old");
            }
        }
        cluster.awaitSame(SOON);
        List<String> paths = new ArrayList<>();
        for (Map.Entry<String, String> style : styles.entrySet()) {
            for (int round = 0; round < 5; round++) {
                String directory = style.getKey() + round;
                Shell.in(area.on(1 + (round + 1) % 3).resolve(directory), style.getValue());
                paths.add(directory);
                paths.add(directory + "/f");
            }
        }
        cluster.awaitSame(SOON);
        area.assertPaths(paths);
        for (String path : paths) {
            if (path.endsWith("/f")) {
                area.assertContent(path, "new");
            }
        }
    }

    /// A03: three names change places.
    @Test
    void cycleOfThreeRenamesMovesEachContent() throws Exception {
        Area area = SHARED.area();
        for (String name : List.of("a", "b", "c")) {
            area.write(cluster.node(1), name, "content of " + name);
        }
        area.awaitSameAndKept(SOON);
        Shell.in(area.on(2), "mv a t && mv b a && mv c b && mv t c");
        cluster.awaitSame(SOON);
        area.assertPaths("a", "b", "c");
        area.assertContent("a", "content of b");
        area.assertContent("b", "content of c");
        area.assertContent("c", "content of a");
    }

    /// T24, A20, A22.
    @Test
    void modesTravelWithoutContentOrConflict() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "run.sh", "#!/bin/sh\n");
        area.write(cluster.node(1), "quiet", "read me later");
        area.awaitSameAndKept(SOON);
        for (String mode : List.of("755", "644", "700", "640", "444", "600")) {
            Shell.in(area.on(1), "chmod " + mode + " run.sh");
            cluster.awaitSame(SOON);
            assertMode(area, "run.sh", mode);
        }
        Shell.in(area.on(2), "chmod 000 quiet");
        Shell.in(area.on(2), "chmod 644 quiet");
        cluster.awaitSame(SOON);
        area.assertContent("quiet", "read me later");
        assertMode(area, "quiet", "644");
        area.assertPaths("run.sh", "quiet");
    }

    /// T24: as an ordinary user; root reads everything.
    @Test
    void unreadableFileArrivesOnceItCanBeRead() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), "umask 777 && printf secret > f 2>/dev/null || true");
        area.write(cluster.node(1), "other", "goes on");
        area.awaitContent("other", "goes on");
        Shell.in(area.on(1), "chmod 600 f && printf secret > f");
        area.awaitContent("f", "secret");
        cluster.awaitSame(SOON);
        area.assertPaths("f", "other");
    }

    /// A22: the mtime travels, and alone it is no edit.
    @Test
    void touchAloneMovesTheTimeAndNothingElse() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f", "content");
        area.awaitSameAndKept(SOON);
        FileTime then = FileTime.from(Instant.parse("2001-02-03T04:05:06.123456789Z"));
        Files.setLastModifiedTime(area.on(1).resolve("f"), then);
        for (Node node : cluster.nodes()) {
            Await.until(
                    "the time arrives on " + node.id(),
                    SOON,
                    () -> Files.getLastModifiedTime(area.on(node).resolve("f")).equals(then));
        }
        area.awaitSameAndKept(SOON);
        area.assertPaths("f");
    }

    /// A24.
    @Test
    void strangeTimesWinNothingAndSettle() throws Exception {
        Area area = SHARED.area();
        int count = 0;
        for (String when : List.of(
                "1970-01-01T00:00:00Z",
                "1969-12-31T23:59:58.5Z",
                "2038-01-19T03:14:08Z",
                "2100-06-01T00:00:00.999999999Z")) {
            String name = "f" + count++;
            area.write(cluster.node(1), name, "old");
            Files.setLastModifiedTime(area.on(1).resolve(name), FileTime.from(Instant.parse(when)));
        }
        area.awaitSameAndKept(SOON);
        for (int i = 0; i < count; i++) {
            area.write(cluster.node(2), "f" + i, "new");
        }
        area.awaitSameAndKept(SOON);
        for (int i = 0; i < count; i++) {
            area.assertContent("f" + i, "new");
        }
        assertThat(area.files(cluster.node(3))).hasSize(count);
    }

    /// A18: the identity of hard links is not replicated, their content is.
    @Test
    void bothNamesOfHardLinkHaveTheContent() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(1), "printf one > a && ln a b");
        cluster.awaitSame(SOON);
        area.assertContent("a", "one");
        area.assertContent("b", "one");
        Shell.in(area.on(1), "printf two > b");
        area.awaitContent("a", "two");
        area.awaitContent("b", "two");
        Shell.in(area.on(1), "rm a");
        cluster.awaitSame(SOON);
        area.assertPaths("b");
        area.assertContent("b", "two");
    }

    /// B17: how some programs rename.
    @Test
    void linkThenUnlinkArrivesAsTheNewName() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Shell.in(area.on(1), "printf %d > t%d && ln t%d final%d && rm t%d".formatted(i, i, i, i, i));
            paths.add("final" + i);
        }
        cluster.awaitSame(SOON);
        area.assertPaths(paths);
        for (int i = 0; i < 20; i++) {
            area.assertContent("final" + i, Integer.toString(i));
        }
    }

    private void assertMode(Area area, String path, String mode) throws Exception {
        for (Node node : cluster.nodes()) {
            assertThat(Shell.in(area.on(node), "stat -c %a " + path).strip())
                    .as("mode of %s on %s", path, node.id())
                    .isEqualTo(mode);
        }
    }
}
