package dev.lockstep.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Programs and nodes that act on one thing at the same time. `-Dlockstep.rounds=200` makes the first one long.
@Timeout(value = 15, unit = TimeUnit.MINUTES)
final class RacesIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final int ROUNDS = Integer.getInteger("lockstep.rounds", 15);
    private static final Duration SOON = Duration.ofMinutes(1);

    private final LocalCluster cluster = SHARED.cluster();
    private final Node first = cluster.node(1);
    private final Node second = cluster.node(2);

    /// A01: two nodes, one file, one instant. Each content is the file, its one copy, or, if the other writer saw it
    /// arrive first, history. Readers see whole contents only.
    @Test
    void twoEditsOfOneInstantAreBothKept() throws Exception {
        Area area = SHARED.area();
        for (int round = 0; round < ROUNDS; round++) {
            Files.write(area.on(1).resolve("f" + round), text("base", round));
        }
        cluster.awaitSame(SOON);
        CyclicBarrier together = new CyclicBarrier(2);
        try (VersionReader reader = VersionReader.of(area.on(3).resolve("f0"), Duration.ofMillis(2));
                ExecutorService writers = Executors.newFixedThreadPool(2)) {
            List<Future<?>> work = new ArrayList<>();
            for (Node node : List.of(first, second)) {
                work.add(writers.submit(() -> {
                    for (int round = 0; round < ROUNDS; round++) {
                        together.await();
                        Files.write(area.on(node).resolve("f" + round), text(node.id(), round));
                    }
                    return null;
                }));
            }
            for (Future<?> writer : work) {
                var _ = writer.get();
            }
            cluster.awaitSame(Duration.ofMinutes(2));
            reader.assertWhole();
        }
        int copies = 0;
        for (int round = 0; round < ROUNDS; round++) {
            copies += copiesOfRound(area, round);
        }
        System.out.println("A01: " + ROUNDS + " rounds, " + copies + " conflict copies, nothing lost");
    }

    private int copiesOfRound(Area area, int round) throws Exception {
        String name = "f" + round;
        var standing = area.files(first);
        standing.keySet().removeIf(path -> !path.equals(name) && !path.startsWith(name + "%20(conflict%20"));
        assertThat(standing).as("round %d", round).containsKey(name).hasSizeLessThanOrEqualTo(2);
        String history =
                first.face().get("/v1/history/" + area.name() + "/" + name).body();
        for (Node node : List.of(first, second)) {
            String digest = Sha256.of(text(node.id(), round));
            assertThat(standing.containsValue(digest) || history.contains(digest))
                    .as("%s of round %d is kept; there are %s, history says %s", node.id(), round, standing, history)
                    .isTrue();
        }
        return standing.size() - 1;
    }

    private static byte[] text(String writer, int round) {
        return new SelfDescribing(writer, round, 500 + round).bytes();
    }

    /// A03: two names change places in one step, also two directories.
    @Test
    void exchangedNamesExchangeTheirContents() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(first), "mkdir d e && printf 1 > d/f && printf 2 > e/f && printf a > x && printf b > y");
        cluster.awaitSame(SOON);
        try (NativeFolderRoot root = NativeFolderRoot.open(area.on(second))) {
            for (int round = 0; round < 11; round++) {
                root.rename(RelativePath.of("x"), root, RelativePath.of("y"), RenameMode.EXCHANGE);
                root.rename(RelativePath.of("d"), root, RelativePath.of("e"), RenameMode.EXCHANGE);
            }
        }
        cluster.awaitSame(SOON);
        area.assertPaths("d", "d/f", "e", "e/f", "x", "y");
        area.assertContent("x", "b");
        area.assertContent("y", "a");
        area.assertContent("d/f", "2");
        area.assertContent("e/f", "1");
    }

    /// A05: blocks are written over again and again, and the file is cut and grows, while it is hashed and sent.
    @Test
    void fileThatIsRewrittenWhileItIsReadArrivesAsItIsInTheEnd() throws Exception {
        Area area = SHARED.area();
        Path file = area.on(first).resolve("f");
        Random random = new Random(5);
        byte[] block = new byte[1 << 20];
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            Rhythm.play(Duration.ofMillis(30), 200, beat -> {
                random.nextBytes(block);
                if (beat % 40 == 39) {
                    out.truncate(random.nextInt(20 << 20));
                }
                out.write(ByteBuffer.wrap(block), beat < 64 ? (long) beat << 20 : random.nextLong(64 << 20));
            });
        }
        byte[] last = Files.readAllBytes(file);
        cluster.awaitSame(Duration.ofMinutes(2));
        area.assertContent("f", last);
        area.assertPaths("f");
        String path = area.name() + "/f";
        for (var revision : first.face().history(path).get("revisions")) {
            String name = revision.get("revision").asString();
            var answer = second.face().bytes("/v1/files/" + path + "?revision=" + name);
            assertThat(answer.statusCode()).as("%s of %s", name, revision).isIn(200, 410);
            if (answer.statusCode() == 200) {
                assertThat(revision.get("digest").asString()).endsWith(Sha256.of(answer.body()));
            }
        }
    }

    /// A08: a directory is renamed on one node while files in it are edited on another, neither waiting.
    @Test
    void editsInDirectoryThatIsRenamedMeanwhileAreKept() throws Exception {
        Area area = SHARED.area();
        List<String> paths = new ArrayList<>(List.of("new"));
        Files.createDirectory(area.on(first).resolve("old"));
        for (int i = 0; i < 300; i++) {
            Files.writeString(area.on(first).resolve("old/f" + i), "content " + i);
            paths.add("new/f" + i);
        }
        cluster.awaitSame(SOON);
        CyclicBarrier together = new CyclicBarrier(2);
        try (ExecutorService writers = Executors.newFixedThreadPool(2)) {
            Future<?> mover = writers.submit(() -> {
                together.await();
                return Files.move(area.on(first).resolve("old"), area.on(first).resolve("new"));
            });
            Future<?> editor = writers.submit(() -> {
                together.await();
                for (int i = 0; i < 20; i++) {
                    edit(area.on(second), i);
                }
                return null;
            });
            var _ = mover.get();
            var _ = editor.get();
        }
        cluster.awaitSame(SOON);
        area.assertPaths(paths);
        for (int i = 0; i < 20; i++) {
            area.assertContent("new/f" + i, "edited " + i);
        }
    }

    private static void edit(Path area, int number) throws IOException {
        byte[] text = ("edited " + number).getBytes(UTF_8);
        StandardOpenOption[] how = {StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING};
        try {
            Files.write(area.resolve("old/f" + number), text, how);
        } catch (NoSuchFileException moved) {
            Files.write(area.resolve("new/f" + number), text, how);
        }
    }

    /// A23: no event tells of writes through a mapping; a page that was written to once shows no further write.
    @Test
    void writesThroughMappingAreFoundByScan() throws Exception {
        Area area = SHARED.area();
        area.write(first, "f", "content");
        area.awaitSameAndKept(SOON);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mapping;
            try (FileChannel channel =
                    FileChannel.open(area.on(first).resolve("f"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                mapping = channel.map(FileChannel.MapMode.READ_WRITE, 0, 7, arena);
            }
            for (int at = 0; at < 7; at++) {
                mapping.set(ValueLayout.JAVA_BYTE, at, (byte) ('A' + at));
                String now = new String(mapping.toArray(ValueLayout.JAVA_BYTE), UTF_8);
                assertThat(first.face().syncWithScan(SOON).statusCode()).isEqualTo(200);
                area.assertContent("f", now);
            }
        }
        cluster.awaitSame(SOON);
        area.assertContent("f", "ABCDEFG");
        area.assertPaths("f");
    }

    /// A25.
    @Test
    void openReaderSeesOneVersionToItsEndWhileFiftyArrive() throws Exception {
        Area area = SHARED.area();
        byte[] version = new SelfDescribing("node1", 0, 300_000).bytes();
        area.write(first, "f", version);
        area.awaitSameAndKept(SOON);
        ByteBuffer read = ByteBuffer.allocate(version.length);
        try (FileChannel reader = FileChannel.open(area.on(second).resolve("f"), StandardOpenOption.READ)) {
            read.limit(100_000);
            reader.read(read);
            for (int number = 1; number <= 50; number++) {
                byte[] next = new SelfDescribing("node1", number, 300_000).bytes();
                area.write(first, "f", next);
                area.awaitContent(second, "f", next);
            }
            read.limit(version.length);
            while (read.hasRemaining() && reader.read(read) > 0) {
                // Read to its end.
            }
        }
        assertThat(read.array()).isEqualTo(version);
        area.awaitSameAndKept(SOON);
        area.assertPaths("f");
    }

    /// A26.
    @Test
    void repositoryArrivesSound() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(first), """
                export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
                git init -q -b main r && cd r
                for i in $(seq 50); do echo $i > f$i && echo $i >> all && git add -A && git commit -q -m $i; done
                git checkout -q -b side HEAD~20 && echo side > side && git add -A && git commit -q -m side
                git rebase -q main && git gc -q --prune=now
                """);
        cluster.awaitSame(SOON);
        for (Node node : cluster.nodes()) {
            Shell.in(area.on(node).resolve("r"), "git fsck --strict && test -z \"$(git status --porcelain -uno)\"");
        }
    }

    /// A26, second half.
    @Test
    void databaseArrivesSound() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(first), """
                sqlite3 f.db 'PRAGMA journal_mode=WAL; CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT);' > /dev/null
                for i in $(seq 60); do sqlite3 f.db "INSERT INTO t(b) VALUES (hex(randomblob(2000)));"; done
                """);
        cluster.awaitSame(SOON);
        for (Node node : cluster.nodes()) {
            String said = Shell.in(
                    cluster.home(),
                    "sqlite3 'file:" + area.on(node).resolve("f.db")
                            + "?immutable=1' 'PRAGMA integrity_check; SELECT count(*) FROM t;'");
            assertThat(said.strip()).isEqualTo("ok\n60");
        }
    }

    /// A27 in small: the tree is moved while it is unpacked, removed, and unpacked again.
    @Test
    void treeThatIsMovedWhileItIsUnpackedIsWholeInTheEnd() throws Exception {
        Area area = SHARED.area();
        Shell.in(cluster.home(), """
                mkdir -p packed/tree && cd packed/tree
                for d in $(seq 20); do mkdir d$d; for f in $(seq 100); do echo $d.$f > d$d/f$f; done; done
                cd .. && tar cf ../tree.tar tree && cd .. && rm -r packed
                """);
        Shell.in(area.on(first), """
                tar xf ../../tree.tar &
                while [ ! -e tree/d9/f50 ]; do :; done
                mv tree moved
                wait || true
                rm -rf tree
                tar xf ../../tree.tar
                """);
        cluster.awaitSame(Duration.ofMinutes(2));
        assertThat(area.files(second).keySet().stream().filter(path -> path.startsWith("tree/")))
                .hasSize(2000);
        area.assertContent("tree/d20/f100", "20.100\n");
        area.assertContent("moved/d9/f50", "9.50\n");
    }
}
