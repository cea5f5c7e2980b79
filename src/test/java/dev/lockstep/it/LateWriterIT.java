package dev.lockstep.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// G2: programs that keep a file open while another node's revision takes its place.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class LateWriterIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofSeconds(30);

    private final LocalCluster cluster = SHARED.cluster();

    /// A program that appends what it is told to a file it opened once.
    private static final class Appender implements AutoCloseable {
        private final Process process;

        Appender(Path file) throws IOException {
            process = new ProcessBuilder("sh", "-c", "exec cat >> \"$0\"", file.toString())
                    .redirectErrorStream(true)
                    .start();
            Path descriptor = Path.of("/proc", Long.toString(process.pid()), "fd", "1");
            Await.until("the program has its file open", SOON, () -> Files.isSameFile(descriptor, file));
        }

        void append(String text) throws IOException {
            OutputStream in = process.getOutputStream();
            in.write(text.getBytes(UTF_8));
            in.flush();
        }

        @Override
        public void close() {
            process.destroy();
            process.onExit().join();
        }
    }

    @Test
    void whatIsWrittenAfterTheReplacementStandsInConflictCopyEverywhere() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f.log", "base\n");
        area.awaitSameAndKept(SOON);
        try (Appender program = new Appender(area.on(2).resolve("f.log"))) {
            area.write(cluster.node(1), "f.log", "replaced\n");
            area.awaitContent("f.log", "replaced\n");
            program.append("late\n");
            awaitStanding(area, "base\nlate\n");
            area.write(cluster.node(1), "f.log", "replaced again\n");
            area.awaitContent("f.log", "replaced again\n");
            program.append("later\n");
            awaitStanding(area, "base\nlate\nlater\n");
        }
        cluster.awaitSame(SOON);
        area.assertContent("f.log", "replaced again\n");
        assertThat(area.files(cluster.node(3))).as("the file and one copy").hasSize(2);
    }

    @Test
    void whatIsWrittenThroughMappingAfterTheReplacementStandsInConflictCopyEverywhere() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f.db", "base");
        area.awaitSameAndKept(SOON);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mapping;
            try (FileChannel channel =
                    FileChannel.open(area.on(2).resolve("f.db"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                mapping = channel.map(FileChannel.MapMode.READ_WRITE, 0, 4, arena);
            }
            area.write(cluster.node(1), "f.db", "replaced");
            area.awaitContent("f.db", "replaced");
            mapping.set(ValueLayout.JAVA_BYTE, 0, (byte) 'B');
            awaitStanding(area, "Base");
            mapping.set(ValueLayout.JAVA_BYTE, 3, (byte) 'E');
        }
        awaitStanding(area, "BasE");
        cluster.awaitSame(SOON);
        area.assertContent("f.db", "replaced");
        assertThat(area.files(cluster.node(3))).as("the file and one copy").hasSize(2);
    }

    @Test
    void whatIsWrittenAfterTheDeletionBringsTheFileBack() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f.log", "base\n");
        area.awaitSameAndKept(SOON);
        try (Appender program = new Appender(area.on(2).resolve("f.log"))) {
            area.delete(cluster.node(1), "f.log");
            area.awaitAbsent("f.log");
            program.append("late\n");
            area.awaitContent("f.log", "base\nlate\n");
        }
        cluster.awaitSame(SOON);
        area.assertPaths("f.log");
    }

    @Test
    void whatIsWrittenAcrossKillOfTheNodeIsFound() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f.log", "base\n");
        area.awaitSameAndKept(SOON);
        Node second = cluster.node(2);
        try (Appender program = new Appender(area.on(second).resolve("f.log"))) {
            area.write(cluster.node(1), "f.log", "replaced\n");
            area.awaitContent("f.log", "replaced\n");
            second.kill9();
            program.append("while it is down\n");
            second.start();
            cluster.awaitReady();
            awaitStanding(area, "base\nwhile it is down\n");
            program.append("and up again\n");
            awaitStanding(area, "base\nwhile it is down\nand up again\n");
        }
        cluster.awaitSame(SOON);
        area.assertContent("f.log", "replaced\n");
    }

    /// The old revision stays readable from every node, though a program wrote over its bytes on one.
    @Test
    void replacedRevisionIsHistoryThoughItsFileIsWrittenTo() throws Exception {
        Area area = SHARED.area();
        area.write(cluster.node(1), "f.log", "base of history\n");
        area.awaitSameAndKept(SOON);
        String path = area.name() + "/f.log";
        String revision = cluster.node(2)
                .face()
                .history(path)
                .get("revisions")
                .get(0)
                .get("revision")
                .asString();
        try (Appender program = new Appender(area.on(2).resolve("f.log"))) {
            area.write(cluster.node(1), "f.log", "replaced\n");
            area.awaitContent("f.log", "replaced\n");
            program.append("late\n");
            awaitStanding(area, "base of history\nlate\n");
            String found = new String(
                    cluster.node(2)
                            .face()
                            .bytes("/v1/files/" + path + "?revision=" + revision)
                            .body(),
                    UTF_8);
            assertThat(found).isEqualTo("base of history\n");
        }
    }

    /// Under any name in the area.
    private void awaitStanding(Area area, String content) {
        String digest = Sha256.of(content.getBytes(UTF_8));
        for (Node node : cluster.running()) {
            Await.until(
                    "late bytes stand on " + node.id(),
                    SOON,
                    () -> List.copyOf(area.files(node).values()).contains(digest));
        }
    }
}
