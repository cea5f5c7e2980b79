package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Programs that keep a file open while it is replaced or deleted.
final class DisplacedInodesTest {
    @TempDir
    private Path home;

    private SoloFolder solo;
    private Path file;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        file = Files.writeString(solo.folder.resolve("a"), "one");
        solo.start();
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    @Test
    void fileThatNobodyHasOpenBecomesHistory() throws Exception {
        replaceByPeer("two");
        solo.awaitSettled();
        assertThat(solo.names("staged")).isEmpty();
        assertThat(history("one")).hasContent("one");
    }

    @Test
    void fileThatIsOnlyReadBecomesHistory() throws Exception {
        try (RandomAccessFile reader = new RandomAccessFile(file.toFile(), "r")) {
            replaceByPeer("two");
            solo.awaitSettled();
            assertThat(solo.names("staged")).isEmpty();
            assertThat(reader.readLine()).isEqualTo("one");
        }
        assertThat(history("one")).hasContent("one");
    }

    @Test
    void bytesWrittenAfterTheReplacementBecomeOneConflictCopy() throws Exception {
        try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
            replaceByPeer("two");
            solo.awaitSettled();
            assertThat(history("one"))
                    .as("the revision, kept apart from the writer")
                    .hasContent("one");
            writer.write(bytes("late"));
            await("the first late bytes", () -> solo.files().containsValue("late"));
            writer.write(bytes(" and later"));
            solo.awaitSettled();
            assertThat(solo.files()).hasSize(2).containsEntry("a", "two").containsValue("late and later");
        }
        assertThat(solo.conflictCopies()).hasSize(1);
        await("nothing is watched any more", () -> solo.names("staged").isEmpty());
        assertThat(history("one")).hasContent("one");
    }

    @Test
    void lateBytesAreFoundWithoutAnyHint() throws Exception {
        try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
            replaceByPeer("two");
            solo.awaitSettled();
            writer.write(bytes("late"));
            await("the late bytes", () -> solo.files().containsValue("late"));
        }
    }

    @Test
    void bytesWrittenThroughMappingAfterTheReplacementBecomeConflictCopy() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment mapping;
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                mapping = channel.map(FileChannel.MapMode.READ_WRITE, 0, 3, arena);
            }
            replaceByPeer("two");
            solo.awaitSettled();
            mapping.set(ValueLayout.JAVA_BYTE, 0, (byte) 'O');
            solo.awaitSettled();
            assertThat(solo.files()).hasSize(2).containsEntry("a", "two").containsValue("One");
            mapping.set(ValueLayout.JAVA_BYTE, 1, (byte) 'N');
            solo.awaitSettled();
            assertThat(solo.files()).hasSize(2).containsValue("ONe");
            mapping.set(ValueLayout.JAVA_BYTE, 2, (byte) 'E');
        }
        await("the last bytes", () -> solo.files().containsValue("ONE"));
        assertThat(solo.conflictCopies()).hasSize(1);
        await("nothing is watched any more", () -> solo.names("staged").isEmpty());
    }

    @Test
    void bytesWrittenAfterTheDeletionSurviveUnderTheName() throws Exception {
        try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
            writeAfterDeletion(writer);
        }
        await("nothing is watched any more", () -> solo.names("staged").isEmpty());
    }

    /// The program's file is the last that holds the revision.
    @Test
    void revisionThatOnlyTheProgramsFileStillHoldsBecomesHistory() throws Exception {
        try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
            writeAfterDeletion(writer);
            solo.awaitSettled();
            // From here on memory holds it no more.
            solo.replica().syncPoint(solo.logIndex()).join();
            Files.write(file, bytes("written over"), StandardOpenOption.WRITE);
            solo.awaitSettled();
        }
        await("nothing is watched any more", () -> solo.names("staged").isEmpty());
        assertThat(history("late")).hasContent("late");
    }

    private void writeAfterDeletion(RandomAccessFile writer) throws Exception {
        solo.peerDeletes("a");
        await("the file goes", () -> !Files.exists(file));
        solo.awaitSettled();
        writer.write(bytes("late"));
        await("the file is back", () -> solo.files().equals(Map.of("a", "late")));
    }

    @Test
    void bytesWrittenWhileTheNodeIsDownAreFoundAtItsStart() throws Exception {
        try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
            replaceByPeer("two");
            solo.awaitSettled();
            solo.stop();
            writer.write(bytes("late"));
            solo.start();
            assertThat(solo.files()).hasSize(2).containsEntry("a", "two").containsValue("late");
        }
    }

    @Test
    void fileIsWatchedOnAfterRestart() throws Exception {
        try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
            solo.peerDeletes("a");
            await("the file goes", () -> !Files.exists(file));
            solo.awaitSettled();
            solo.stop();
            solo.start();
            assertThat(solo.files()).isEmpty();
            writer.write(bytes("late"));
            await("the file is back", () -> solo.files().equals(Map.of("a", "late")));
            solo.stop();
            solo.start();
            writer.write(bytes(" and later"));
            await("its next bytes", () -> solo.files().equals(Map.of("a", "late and later")));
        }
        await("nothing is watched any more", () -> solo.names("staged").isEmpty());
        assertThat(solo.conflictCopies()).isEmpty();
    }

    @Test
    void historyIsNoLinkToWhatIsWrittenUnderAnotherName() throws Exception {
        Path other = Files.createLink(home.resolve("other"), file);
        replaceByPeer("two");
        solo.awaitSettled();
        Files.writeString(other, "written elsewhere");
        assertThat(history("one")).hasContent("one");
        assertThat(solo.names("staged")).isEmpty();
    }

    /// The stamp tells nothing: only the digest does.
    @Test
    void editInTheMomentOfTheExchangeThatHidesItselfIsFound() throws Exception {
        solo.stop();
        Entry one = solo.entry("a");
        FileTime time = Files.getLastModifiedTime(file);
        AtomicBoolean isDone = new AtomicBoolean();
        solo.seen = root -> before(root, RenameMode.EXCHANGE, () -> {
            if (!isDone.getAndSet(true)) {
                try (RandomAccessFile writer = new RandomAccessFile(file.toFile(), "rw")) {
                    writer.write(bytes("ONE"));
                }
                Files.setLastModifiedTime(file, time);
            }
            return null;
        });
        solo.start();
        replaceByPeer("two");
        solo.awaitSettled();
        assertThat(isDone).isTrue();
        assertThat(solo.files()).hasSize(2).containsEntry("a", "two").containsValue("ONE");
        assertThat(solo.entry("a").id()).isEqualTo(one.id());
        assertThat(solo.names("history"))
                .doesNotContain(Digest.of(Bytes.utf8("one")).toString());
    }

    /// What came out was an edit and goes back, so that our own file comes out again: a program that opened it in that
    /// moment writes to it.
    @Test
    void bytesWrittenToFileThatStoodInTheFolderForMomentAreKept() throws Exception {
        solo.stop();
        AtomicBoolean isEdited = new AtomicBoolean();
        RandomAccessFile[] opened = new RandomAccessFile[1];
        solo.seen = root -> before(root, RenameMode.EXCHANGE, () -> {
            if (!isEdited.getAndSet(true)) {
                Files.writeString(file, "an edit");
            } else if (opened[0] == null) {
                opened[0] = new RandomAccessFile(file.toFile(), "rw");
            }
            return null;
        });
        solo.start();
        replaceByPeer("two");
        solo.awaitSettled();
        try (RandomAccessFile writer = opened[0]) {
            writer.write(bytes("late"));
            await("the late bytes", () -> solo.files().containsValue("late"));
        }
        assertThat(solo.files()).containsValue("an edit");
        await("nothing is watched any more", () -> solo.names("staged").isEmpty());
    }

    private void replaceByPeer(String content) {
        solo.peerEdits("a", content);
        await("the replacement", () -> Files.readString(file).equals(content));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private Path history(String content) {
        return solo.state
                .resolve("history")
                .resolve(Digest.of(Bytes.utf8(content)).toString());
    }

    private void await(String fact, Callable<Boolean> look) {
        Awaitility.await(fact).atMost(Duration.ofSeconds(20)).until(() -> {
            solo.requireNoDefect();
            return look.call();
        });
    }

    /// A root that does something just before it renames.
    private static FolderRoot before(FolderRoot real, RenameMode mode, Callable<?> act) {
        return (FolderRoot) Proxy.newProxyInstance(
                FolderRoot.class.getClassLoader(),
                new Class<?>[] {FolderRoot.class, Real.class},
                (_, method, given) -> {
                    if (method.getName().equals("real")) {
                        return real;
                    }
                    Object[] arguments = given == null ? new Object[0] : given.clone();
                    for (int i = 0; i < arguments.length; i++) {
                        arguments[i] = arguments[i] instanceof Real other ? other.real() : arguments[i];
                    }
                    if (method.getName().equals("rename") && List.of(arguments).contains(mode)) {
                        act.call();
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    /// Leads to the root behind another one.
    private interface Real {
        FolderRoot real();
    }
}
