package dev.lockstep.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/// Every fact holds on kernels with openat2 and without.
@ParameterizedClass
@ValueSource(booleans = {true, false})
final class NativeFolderRootTest {
    private static final Name ODD = new Name(Bytes.wrap(new byte[] {'b', (byte) 0xff, '\n', (byte) 0xc3}));

    private final Path dir;
    private final Path outside;
    private final NativeFolderRoot root;

    NativeFolderRootTest(boolean isKernelWalking, @TempDir Path temp) throws IOException {
        dir = Files.createDirectory(temp.resolve("folder"));
        outside = Files.createDirectory(temp.resolve("outside"));
        root = NativeFolderRoot.open(dir, isKernelWalking);
    }

    @AfterEach
    void close() {
        root.close();
    }

    @Test
    void stampTellsWhatStandsThere() throws IOException {
        Path file = Files.writeString(dir.resolve("f"), "12345");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        Files.createSymbolicLink(dir.resolve("l"), Path.of("nowhere"));
        Stamp stamp = stamp("f");
        assertThat(stamp.kind()).isEqualTo(Kind.FILE);
        assertThat(stamp.sizeBytes()).isEqualTo(5);
        assertThat(stamp.mode()).isEqualTo(0640);
        assertThat(stamp.links()).isEqualTo(1);
        assertThat(stamp.inode()).isEqualTo(Files.getAttribute(file, "unix:ino"));
        assertThat(stamp.owner()).isEqualTo(Files.getAttribute(file, "unix:uid"));
        assertThat(stamp.mtimeNanos() / 1000)
                .isEqualTo(Files.getLastModifiedTime(file).to(java.util.concurrent.TimeUnit.MICROSECONDS));
        assertThat(stamp("l").kind()).isEqualTo(Kind.SYMLINK);
        assertThat(stamp("").kind()).isEqualTo(Kind.DIRECTORY);
        assertThat(stamp("f").isUnchangedSince(stamp)).isTrue();
    }

    @Test
    void whatIsMissingHasNoStamp() throws IOException {
        Files.writeString(dir.resolve("f"), "");
        Files.createSymbolicLink(dir.resolve("l"), outside);
        Files.writeString(outside.resolve("x"), "");
        assertThat(root.stat(path("a"))).isNull();
        assertThat(root.stat(path("a/b"))).isNull();
        assertThat(root.stat(path("f/b"))).isNull();
        assertThat(root.stat(path("l/x"))).isNull();
    }

    @Test
    void timesBeforeTheEpochAndFarAheadAreKept() throws IOException {
        create("f", "");
        for (long nanos : new long[] {-1_500_000_000L, -1, 0, 1, 4_000_000_000_123_456_789L}) {
            root.setMtime(path("f"), nanos);
            assertThat(stamp("f").mtimeNanos()).isEqualTo(nanos);
        }
        assertThat(Statx.nanos(Long.MAX_VALUE, 5)).isEqualTo(Long.MAX_VALUE);
        assertThat(Statx.nanos(Long.MIN_VALUE, 5)).isEqualTo(Long.MIN_VALUE);
    }

    @Test
    void symlinkHasItsOwnMtimeAndTarget() throws IOException {
        Bytes target = Bytes.wrap(new byte[] {'.', '.', '/', (byte) 0xfe});
        root.symlink(target, path("l"));
        root.setMtime(path("l"), 77);
        assertThat(stamp("l").mtimeNanos()).isEqualTo(77);
        assertThat(root.readlink(path("l"))).isEqualTo(target);
        assertRefused(Errno.UNSUPPORTED, () -> root.readlink(created("plain")));
        assertRefused(Errno.LOOP, () -> root.chmod(path("l"), 0644));
        assertRefused(Errno.LOOP, () -> root.openRead(path("l")));
        assertRefused(Errno.EXISTS, () -> root.symlink(target, path("l")));
        assertThatThrownBy(() -> root.symlink(Bytes.EMPTY, path("m"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void listHoldsEveryRawName() throws IOException {
        List<Name> names = new ArrayList<>();
        for (int i = 0; i < 3000; i++) {
            names.add(Name.of("a-rather-long-file-name-" + i));
        }
        names.add(ODD);
        names.add(new Name(Bytes.wrap("x".repeat(255).getBytes(StandardCharsets.US_ASCII))));
        root.mkdir(path("d"), 0700);
        for (Name name : names) {
            root.createExclusive(path("d").child(name), 0600).close();
        }
        assertThat(root.list(path("d"))).extracting(DirectoryItem::name).containsExactlyInAnyOrderElementsOf(names);
        assertThat(root.list(RelativePath.ROOT)).containsExactly(new DirectoryItem(Bytes.utf8("d"), Kind.DIRECTORY));
        assertRefused(Errno.NOT_FOUND, () -> root.list(path("none")));
        assertRefused(Errno.NOT_DIRECTORY, () -> root.list(created("plain")));
    }

    @Test
    void contentGoesInAndOut() throws IOException {
        byte[] content = new byte[300_000];
        new java.util.Random(1).nextBytes(content);
        try (FileHandle file = root.createExclusive(path("f"), 0644)) {
            file.write(ByteBuffer.wrap(content, 0, 100_000), 0);
            ByteBuffer rest = ByteBuffer.allocateDirect(200_000);
            file.write(rest.put(content, 100_000, 200_000).flip(), 100_000);
            assertThat(rest.hasRemaining()).isFalse();
            file.datasync();
            file.fsync();
            file.setMode(0600);
            file.setMtime(123_456_789L);
            assertThat(file.stamp()).isEqualTo(stamp("f"));
            assertThat(file.stamp().mtimeNanos()).isEqualTo(123_456_789L);
            assertThatThrownBy(file::hasOpenWriters).isInstanceOf(IllegalStateException.class);
        }
        try (FileHandle file = root.openRead(path("f"));
                FileHandle copy = root.createExclusive(path("copy"), 0644);
                FileHandle part = root.createExclusive(path("part"), 0644)) {
            assertThat(readAll(file, ByteBuffer.allocate(400_000))).isEqualTo(content);
            assertThat(readAll(file, ByteBuffer.allocateDirect(400_000))).isEqualTo(content);
            assertThat(file.copyTo(copy, Long.MAX_VALUE)).isEqualTo(content.length);
            assertThat(file.copyTo(part, 15)).isEqualTo(15);
            assertThat(part.stamp().sizeBytes()).isEqualTo(15);
            part.truncate(3);
            assertThat(part.stamp().sizeBytes()).isEqualTo(3);
        }
        assertThat(dir.resolve("copy")).hasBinaryContent(content);
        assertRefused(Errno.EXISTS, () -> root.createExclusive(path("f"), 0644));
        assertRefused(Errno.NOT_FOUND, () -> root.createExclusive(path("no/f"), 0644));
    }

    @Test
    void holesStayHoles() throws Exception {
        int apart = 8 << 20;
        try (FileHandle file = root.createExclusive(path("f"), 0644);
                FileHandle empty = root.createExclusive(path("empty"), 0644);
                FileHandle copy = root.createExclusive(path("copy"), 0644);
                FileHandle copyOfEmpty = root.createExclusive(path("copyOfEmpty"), 0644)) {
            file.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), apart);
            file.truncate(3L * apart);
            empty.truncate(apart);
            assertThat(file.copyTo(copy, Long.MAX_VALUE)).isEqualTo(3L * apart);
            assertThat(empty.copyTo(copyOfEmpty, apart)).isEqualTo(apart);
        }
        assertThat(Files.mismatch(dir.resolve("f"), dir.resolve("copy"))).isEqualTo(-1);
        assertThat(Files.mismatch(dir.resolve("empty"), dir.resolve("copyOfEmpty")))
                .isEqualTo(-1);
        assertThat(blocks("copy")).isLessThan(apart / 512);
        assertThat(blocks("copyOfEmpty")).isLessThan(apart / 512);
    }

    /// Of 512 bytes each.
    private long blocks(String name) throws Exception {
        Process stat = new ProcessBuilder("stat", "-c", "%b", dir.resolve(name).toString()).start();
        return Long.parseLong(new String(stat.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip());
    }

    private static byte[] readAll(FileHandle file, ByteBuffer buffer) throws IOException {
        while (file.read(buffer, buffer.position()) > 0) {}
        byte[] all = new byte[buffer.flip().remaining()];
        buffer.get(all);
        return all;
    }

    @Test
    void onlyRegularFilesAreOpened() throws Exception {
        Path fifo = dir.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor())
                .isZero();
        root.mkdir(path("d"), 0755);
        assertThat(stamp("fifo").kind()).isEqualTo(Kind.SPECIAL);
        assertRefused(Errno.NOT_REGULAR, () -> root.openRead(path("fifo")));
        assertRefused(Errno.IS_DIRECTORY, () -> root.openRead(path("d")));
        assertRefused(Errno.NOT_FOUND, () -> root.openRead(path("x")));
    }

    @Test
    void modesAreExactAndNeverSetuid() throws IOException {
        root.mkdir(path("d"), 0777);
        assertThat(stamp("d").mode()).isEqualTo(0777);
        root.createExclusive(path("f"), 0666).close();
        assertThat(stamp("f").mode()).isEqualTo(0666);
        root.chmod(path("f"), 0);
        assertThat(stamp("f").mode()).isZero();
        Files.setAttribute(dir.resolve("f"), "unix:mode", 04755);
        Files.setAttribute(dir.resolve("d"), "unix:mode", 02755);
        root.chmod(path("f"), 0700);
        root.chmod(path("d"), 0700);
        assertThat(stamp("f").mode()).isEqualTo(0700);
        assertThat(stamp("d").mode()).isEqualTo(02700);
        assertThatThrownBy(() -> root.chmod(path("f"), 04755)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void renameKeepsReplacesOrExchanges() throws IOException {
        create("a", "A");
        create("b", "B");
        assertRefused(Errno.EXISTS, () -> rename("a", "b", RenameMode.NO_REPLACE));
        rename("a", "b", RenameMode.EXCHANGE);
        assertThat(dir.resolve("a")).hasContent("B");
        rename("a", "b", RenameMode.REPLACE);
        assertThat(dir.resolve("b")).hasContent("B");
        assertThat(root.stat(path("a"))).isNull();
        root.mkdir(path("d"), 0755);
        rename("b", "d/b", RenameMode.NO_REPLACE);
        rename("d", "e", RenameMode.NO_REPLACE);
        assertThat(dir.resolve("e/b")).hasContent("B");
        assertRefused(Errno.UNSUPPORTED, () -> rename("e", "e/inside", RenameMode.NO_REPLACE));
        assertRefused(Errno.NOT_FOUND, () -> rename("e", "gone", RenameMode.EXCHANGE));
    }

    @Test
    void entriesMoveBetweenRoots() throws IOException {
        try (NativeFolderRoot state = NativeFolderRoot.open(outside)) {
            state.mkdir(path("staged"), 0700);
            state.createExclusive(path("staged/1"), 0644).close();
            state.rename(path("staged/1"), root, path("f"), RenameMode.NO_REPLACE);
            assertThat(stamp("f").kind()).isEqualTo(Kind.FILE);
            root.link(path("f"), state, path("staged/2"));
            assertThat(stamp("f").links()).isEqualTo(2);
            assertThat(NativeFolderRoot.renameSupport(state, path("staged"), root))
                    .isEqualTo(RenameSupport.FULL);
            assertThat(state.list(path("staged"))).hasSize(1);
            assertThat(root.list(RelativePath.ROOT)).hasSize(1);
        }
        try (NativeFolderRoot foreign = NativeFolderRoot.open(Path.of("/proc/self"))) {
            assertThat(NativeFolderRoot.renameSupport(root, RelativePath.ROOT, foreign))
                    .isEqualTo(RenameSupport.OTHER_DEVICE);
        }
    }

    @Test
    void namesAreRemovedByKind() throws IOException {
        root.mkdir(path("d"), 0755);
        create("d/f", "");
        assertRefused(Errno.NOT_EMPTY, () -> root.rmdir(path("d")));
        assertRefused(Errno.NOT_DIRECTORY, () -> root.rmdir(path("d/f")));
        assertRefused(Errno.IS_DIRECTORY, () -> root.unlink(path("d")));
        root.unlink(path("d/f"));
        root.fsyncDirectory(path("d"));
        root.rmdir(path("d"));
        root.syncfs();
        assertThat(root.list(RelativePath.ROOT)).isEmpty();
        assertRefused(Errno.NOT_FOUND, () -> root.unlink(path("d")));
        assertThatThrownBy(() -> root.unlink(RelativePath.ROOT)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void pathsLongerThanOneCallTakesWork() throws IOException {
        RelativePath deep = RelativePath.ROOT;
        for (int i = 0; i < 40; i++) {
            deep = deep.child(Name.of(i + "x".repeat(250)));
            root.mkdir(deep, 0755);
        }
        RelativePath file = deep.child(ODD);
        root.createExclusive(file, 0644).close();
        RelativePath moved = deep.child(Name.of("moved"));
        root.rename(file, root, moved, RenameMode.NO_REPLACE);
        assertThat(root.stat(file)).isNull();
        assertThat(root.stat(moved)).isNotNull();
        root.openRead(moved).close();
        assertThat(root.list(deep)).hasSize(1);
        root.unlink(moved);
        for (RelativePath at = deep; !at.isRoot(); at = at.parent()) {
            root.rmdir(at);
        }
    }

    @Test
    void writersAreSeenAndNobodyIsKilled() throws Exception {
        create("f", "");
        try (FileHandle file = root.openRead(path("f"))) {
            assertThat(file.hasOpenWriters()).isFalse();
            try (RandomAccessFile _ = new RandomAccessFile(dir.resolve("f").toFile(), "rw")) {
                assertThat(file.hasOpenWriters()).isTrue();
            }
            assertThat(file.hasOpenWriters()).isFalse();
            AtomicBoolean isOver = new AtomicBoolean();
            Thread writer = Thread.ofPlatform().start(() -> {
                while (!isOver.get()) {
                    try {
                        new RandomAccessFile(dir.resolve("f").toFile(), "rw").close();
                    } catch (IOException failed) {
                        throw new IllegalStateException(failed);
                    }
                }
            });
            for (int i = 0; i < 5000; i++) {
                file.hasOpenWriters();
            }
            isOver.set(true);
            writer.join();
        }
    }

    @Test
    void symlinkSwappedIntoAParentNeverLeadsOutside() throws Exception {
        Files.createDirectory(dir.resolve("real"));
        Files.createSymbolicLink(dir.resolve("link"), outside);
        Files.writeString(outside.resolve("secret"), "secret");
        Files.writeString(dir.resolve("real/secret"), "own");
        AtomicBoolean isOver = new AtomicBoolean();
        Thread swapper = Thread.ofPlatform().start(() -> {
            try (NativeFolderRoot other = NativeFolderRoot.open(dir)) {
                while (!isOver.get()) {
                    other.rename(path("real"), other, path("link"), RenameMode.EXCHANGE);
                }
            } catch (FolderException failed) {
                throw new IllegalStateException(failed);
            }
        });
        int reached = 0;
        for (int i = 0; i < 5000; i++) {
            reached += attempts(() -> {
                try (FileHandle file = root.openRead(path("real/secret"))) {
                    assertThat(file.stamp().sizeBytes()).isEqualTo(3);
                }
            });
            reached +=
                    attempts(() -> root.createExclusive(path("real/new"), 0600).close());
            reached += attempts(() -> root.chmod(path("real/secret"), 0600));
            reached += attempts(() -> root.unlink(path("real/new")));
            reached += attempts(() -> rename("real/secret", "real/secret", RenameMode.REPLACE));
        }
        isOver.set(true);
        swapper.join();
        assertThat(reached).isPositive();
        assertThat(outside.toFile().list()).containsExactly("secret");
        assertThat(outside.resolve("secret")).hasContent("secret");
        assertThat(Files.getPosixFilePermissions(outside.resolve("secret"))).hasSizeGreaterThan(2);
    }

    private static int attempts(Refusable action) throws IOException {
        try {
            action.run();
            return 1;
        } catch (FolderException refused) {
            return 0;
        }
    }

    @Test
    void rootThatWasReplacedIsNoLongerInPlace() throws IOException {
        assertThat(root.isInPlace()).isTrue();
        Files.move(dir, dir.resolveSibling("moved"), StandardCopyOption.ATOMIC_MOVE);
        assertThat(root.isInPlace()).isFalse();
        Files.createDirectory(dir);
        assertThat(root.isInPlace()).isFalse();
        create("f", "still the same directory");
        assertThat(dir.resolveSibling("moved/f")).exists();
    }

    @Test
    void closedRootRefuses() throws IOException {
        FileHandle file = root.openRead(created("f"));
        root.close();
        root.close();
        assertThatThrownBy(() -> root.stat(path("f"))).isInstanceOf(IllegalStateException.class);
        assertThat(file.stamp().kind()).isEqualTo(Kind.FILE);
        file.close();
        file.close();
        assertThatThrownBy(file::stamp).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void spaceIsMeasured() throws IOException {
        FreeSpace space = root.freeSpace();
        var store = Files.getFileStore(dir);
        assertThat(space.totalBytes()).isEqualTo(store.getTotalSpace());
        assertThat(space.availableBytes()).isBetween(1L, space.totalBytes());
    }

    @Test
    void errorsNameOperationPathAndNumber() {
        assertThatThrownBy(() -> root.openRead(path("a/b")))
                .isInstanceOf(FolderException.class)
                .hasMessage("open a/b: no such entry (errno 2)");
    }

    private void assertRefused(Errno errno, Refusable action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        FolderException.class,
                        thrown -> assertThat(thrown.errno()).isEqualTo(errno));
    }

    private interface Refusable {
        void run() throws IOException;
    }

    private Stamp stamp(String path) throws IOException {
        return Objects.requireNonNull(root.stat(path(path)), path);
    }

    private void rename(String source, String target, RenameMode mode) throws IOException {
        root.rename(path(source), root, path(target), mode);
    }

    private RelativePath created(String path) throws IOException {
        create(path, "");
        return path(path);
    }

    private void create(String path, String content) throws IOException {
        try (FileHandle file = root.createExclusive(path(path), 0644)) {
            file.write(ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8)), 0);
        }
    }

    private static RelativePath path(String path) {
        return RelativePath.of(path);
    }
}
