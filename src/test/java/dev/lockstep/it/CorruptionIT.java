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
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.thirdparty.com.google.protobuf.CodedInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// E07 to E11: what a node keeps is changed, cut short or removed while it is down. It is repaired, or the node refuses
/// with a line that names the thing; the others never get a wrong byte, and nothing is voted with.
@Timeout(value = 20, unit = TimeUnit.MINUTES)
final class CorruptionIT {
    private static final String REPAIRED = "repaired, or not needed";
    private static final int SEGMENT_HEADER_BYTES = 8;
    private static final int CHECKSUM_BYTES = 4;
    private static final int ATTEMPTS_MAX = 20;
    private static final Duration SOON = Duration.ofMinutes(2);
    private static final List<String> OFTEN = List.of(
            "-Dlockstep.snapshotTriggerEntries=30",
            "-Dlockstep.purgePreservedEntries=5",
            "-Dlockstep.segmentBytesMax=8192");

    private LocalCluster cluster;
    private Area area;
    private Node victim;

    @BeforeEach
    void found() throws Exception {
        cluster = LocalCluster.planned(3, OFTEN);
        cluster.startAll();
        area = Area.open(cluster, "area");
        victim = cluster.node(2);
        for (int i = 0; i < 90; i++) {
            area.write(cluster.node(1 + i % 3), "f" + i % 30, new SelfDescribing("n", i, 900 + i).bytes());
            if (i % 30 == 29) {
                area.awaitSameAndKept(SOON);
            }
        }
        area.write(cluster.node(1), "large", new SelfDescribing("n", 1, 90_000).bytes());
        area.awaitSameAndKept(SOON);
    }

    @AfterEach
    void close() throws IOException {
        cluster.close();
    }

    /// What is done to one file.
    @FunctionalInterface
    private interface Harm {
        void to(Path file) throws IOException;
    }

    private static void flip(Path file, double where) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            long at = Math.min(open.length() - 1, (long) (open.length() * where));
            open.seek(at);
            int old = open.read();
            open.seek(at);
            open.write(old ^ 4);
        }
    }

    private static void cut(Path file, long bytes) throws IOException {
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw")) {
            open.setLength(Math.max(0, open.length() - bytes));
        }
    }

    // --- E07: one flipped bit ---

    @Test
    void flippedBitInAnyKindOfFileIsRepairedOrRefused() throws Exception {
        tryEach(Stream.of(0.1, 0.5, 0.95)
                .<Harm>map(where -> file -> flip(file, where))
                .toList());
    }

    // --- E09: each kind of file deleted in turn ---

    @Test
    void missingFileOfAnyKindIsRepairedOrRefused() throws Exception {
        tryEach(List.of(Files::delete));
    }

    /// What a node has answered for is never taken back here: only the harmed file is put back, after a refusal.
    private void tryEach(List<Harm> harms) throws Exception {
        victim.kill9();
        List<String> told = new ArrayList<>();
        for (Path kind : kinds()) {
            for (Harm harm : harms) {
                Path file = victim.state().resolve(kind);
                if (Files.exists(file)) {
                    byte[] whole = Files.readAllBytes(file);
                    harm.to(file);
                    String end = start(kind);
                    told.add(kind + ": " + end);
                    victim.kill9();
                    if (!end.startsWith(REPAIRED)) {
                        Files.write(file, whole);
                    }
                }
            }
        }
        told.forEach(System.out::println);
        assertThat(told).noneMatch(end -> end.contains(": WRONG"));
        victim.start();
        cluster.awaitReady();
        area.awaitSameAndKept(SOON);
    }

    /// One file of each kind, as the directory tells.
    private List<Path> kinds() throws IOException {
        List<Path> kinds = new ArrayList<>();
        List<String> seen = new ArrayList<>();
        try (Stream<Path> files = Files.walk(victim.state())) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = victim.state().relativize(file).toString();
                String kind = name.replaceAll("[0-9a-f]{64,}", "digest").replaceAll("[0-9-]+", "#");
                boolean isKept = !kind.contains("LOG")
                        && !kind.contains("LOCK")
                        && !kind.contains("lock")
                        && !kind.contains("OPTIONS")
                        && !kind.contains("IDENTITY")
                        && !List.of("node.pid", "api", "log").contains(kind);
                if (isKept && Files.size(file) > 0 && !seen.contains(kind)) {
                    seen.add(kind);
                    kinds.add(victim.state().relativize(file));
                }
            }
        }
        assertThat(kinds).hasSizeGreaterThan(8);
        return kinds;
    }

    /// @return how it went; beginning with WRONG if not as it should
    private String start(Path harmed) throws Exception {
        Path log = cluster.home().resolve(victim.id() + ".out");
        long logged = Files.exists(log) ? Files.size(log) : 0;
        victim.start();
        long start = System.nanoTime();
        Await.until(
                harmed + ": ready or ended",
                SOON,
                () -> !victim.isAlive()
                        || victim.face().isReady()
                        || System.nanoTime() - start > TimeUnit.SECONDS.toNanos(45));
        String out = new String(Files.readAllBytes(log), StandardCharsets.UTF_8).substring((int) logged);
        if (!victim.isAlive()) {
            boolean isNamed = out.contains(harmed.getFileName().toString())
                    || out.contains(String.valueOf(harmed.getParent()))
                    || out.contains(victim.state().toString());
            List<String> lines =
                    out.lines().filter(line -> line.startsWith("lockstep:")).toList();
            return (victim.awaitEnd().code() != 0 && isNamed && !lines.isEmpty() ? "refused: " : "WRONG end: ")
                    + (lines.isEmpty() ? out : lines.getLast());
        }
        if (!victim.face().isReady()) {
            return "WRONG: neither ready nor ended; "
                    + out.lines().filter(l -> l.startsWith("lockstep:")).toList();
        }
        try {
            area.awaitSameAndKept(SOON);
            return REPAIRED;
        } catch (AssertionError different) {
            return "WRONG: " + different.getMessage();
        }
    }

    // --- E08: the log cut short ---

    /// What a crash can leave: the beginning of a record that nobody was told of.
    @Test
    void tornLastRecordHeals() throws Exception {
        for (double part : new double[] {0.1, 0.5, 0.99}) {
            victim.kill9();
            tear(segments().getLast(), part);
            victim.start();
            cluster.awaitReady();
            area.write(cluster.node(1), "after-" + part, "written after a torn record");
            area.awaitSameAndKept(SOON);
        }
    }

    /// Entries that the node has answered for are gone: it does not vote without them.
    @Test
    void lostEndOrMiddleOfTheLogIsRefused() throws Exception {
        long applied = killBehindSnapshot();
        Shell.in(cluster.home(), "cp -a '" + victim.state() + "' whole");
        Path last = segments().getLast();
        try (RandomAccessFile open = new RandomAccessFile(last.toFile(), "rw")) {
            open.setLength(end(last, applied) - 1);
        }
        assertThat(start(victim.state().relativize(last))).startsWith("refused");
        Shell.in(cluster.home(), "rm -rf '" + victim.state() + "' && cp -a whole '" + victim.state() + "'");
        Path closed = segments().get(segments().size() - 2);
        cut(closed, Files.size(closed) / 2);
        assertThat(start(victim.state().relativize(closed))).startsWith("refused");
        area.write(cluster.node(1), "without-it", "the others go on");
        area.awaitSameAndKept(SOON);
    }

    /// Writes the first part of a record behind the last one.
    private static void tear(Path segment, double part) throws IOException {
        List<long[]> records = records(segment);
        long start = records.getLast()[0];
        long end = records.getLast()[1];
        try (RandomAccessFile open = new RandomAccessFile(segment.toFile(), "rw")) {
            byte[] torn = new byte[(int) Math.max(1, (end - start) * part)];
            open.seek(start);
            open.readFully(torn);
            open.seek(end);
            open.write(torn);
        }
    }

    /// Where each record begins and ends: its size, itself and its checksum.
    private static List<long[]> records(Path segment) throws IOException {
        byte[] all = Files.readAllBytes(segment);
        List<long[]> records = new ArrayList<>();
        int at = SEGMENT_HEADER_BYTES;
        while (at < all.length && all[at] != 0) {
            int start = at;
            int size = 0;
            for (int shift = 0; ; shift += 7) {
                size |= (all[at] & 0x7f) << shift;
                if (all[at++] >= 0) {
                    break;
                }
            }
            at += size + CHECKSUM_BYTES;
            records.add(new long[] {start, at});
        }
        return records;
    }

    /// Ends the victim when the open segment has an entry that it has applied, and the one before has an entry that no
    /// snapshot covers: such entries nothing replaces.
    ///
    /// @return the index of an applied entry in the open segment
    private long killBehindSnapshot() throws Exception {
        for (int attempt = 0; ; attempt++) {
            long applied = victim.status().get("appliedIndex").asLong();
            victim.kill9();
            long open = firstIndex(segments().getLast());
            if (applied >= open && open - 1 > RaftDirectory.of(victim).snapshotIndex()) {
                return applied;
            }
            assertThat(attempt).as("attempts to get past a snapshot").isLessThan(ATTEMPTS_MAX);
            victim.start();
            cluster.awaitReady();
            for (int i = 0; i < 4; i++) {
                area.write(cluster.node(1), "behind", new SelfDescribing("behind", 4 * attempt + i, 3_000 + i).bytes());
                area.awaitSameAndKept(SOON);
            }
        }
    }

    private static long end(Path segment, long index) throws IOException {
        byte[] all = Files.readAllBytes(segment);
        for (long[] record : records(segment)) {
            CodedInputStream in = CodedInputStream.newInstance(all, (int) record[0], (int) (record[1] - record[0]));
            in.readRawVarint32();
            in.pushLimit((int) (record[1] - record[0]) - CHECKSUM_BYTES - in.getTotalBytesRead());
            if (LogEntryProto.parseFrom(in).getIndex() == index) {
                return record[1];
            }
        }
        throw new AssertionError(segment + " has no entry " + index);
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.walk(victim.state().resolve("raft"))) {
            return files.filter(file -> file.getFileName().toString().matches("log_.*"))
                    .sorted(java.util.Comparator.comparingLong(CorruptionIT::firstIndex))
                    .toList();
        }
    }

    private static long firstIndex(Path segment) {
        return Long.parseLong(segment.getFileName().toString().replaceAll("log_(inprogress_)?(\\d+).*", "$2"));
    }

    // --- E10, E11: contents ---

    @Test
    void damagedHistoryIsNeverServedAndIsGotAgain() throws Exception {
        byte[] old = new SelfDescribing("n", 1, 90_000).bytes();
        area.write(cluster.node(1), "large", new SelfDescribing("n", 2, 90_001).bytes());
        area.awaitSameAndKept(SOON);
        String name = "01" + Sha256.of(old);
        String revision = cluster.node(1)
                .face()
                .history("area/large")
                .get("revisions")
                .get(1)
                .get("revision")
                .asString();
        // In the first node's folder it was overwritten in place.
        for (int number : List.of(2, 3)) {
            Path kept = cluster.node(number).state().resolve("history").resolve(name);
            Await.until(kept + " is history", SOON, () -> Files.exists(kept));
        }
        flip(cluster.node(2).state().resolve("history").resolve(name), 0.5);
        for (Node node : cluster.nodes()) {
            var answer = node.face().bytes("/v1/files/area/large?revision=" + revision);
            assertThat(answer.statusCode()).as("on %s", node.id()).isEqualTo(200);
            assertThat(Sha256.of(answer.body())).as("on %s", node.id()).isEqualTo(Sha256.of(old));
        }
        Await.until("a majority holds it again", SOON, () -> {
            int holders = 0;
            for (Node node : cluster.nodes()) {
                Path kept = node.state().resolve("history").resolve(name);
                holders += Files.exists(kept) && Sha256.of(kept).equals(Sha256.of(old)) ? 1 : 0;
            }
            return holders >= 2;
        });
    }
}
