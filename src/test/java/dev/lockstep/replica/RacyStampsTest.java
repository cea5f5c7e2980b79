package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.RelativePath;
import dev.lockstep.watch.Hint;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Edits that no stamp shows, because the file system dates changes by a clock that ticks slowly.
final class RacyStampsTest {
    private static final long TICK_NANOS = 1_500_000_000L;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    private Path home;

    private SoloFolder solo;
    private Path file;
    private final AtomicInteger reads = new AtomicInteger();
    /// From then on all changes are dated the same.
    private volatile long clockStandsAtNanos = Long.MAX_VALUE;

    @BeforeEach
    void found() throws IOException {
        solo = new SoloFolder(home);
        solo.seen = root -> (FolderRoot) coarse(root, FolderRoot.class);
        file = solo.folder.resolve("a");
        solo.start();
    }

    @AfterEach
    void close() throws Exception {
        solo.close();
    }

    @Test
    void editOfTheSameSizeAndTimeWithinOneTickIsFoundThroughItsHint() throws Exception {
        editUnseenBy(() -> {
            hint();
            Awaitility.await().atMost(PATIENCE).until(() -> holds("one"));
        });
        hint();
        Awaitility.await().atMost(PATIENCE).until(() -> holds("two"));
    }

    @Test
    void editOfTheSameSizeAndTimeWithinOneTickIsFoundAfterRestart() throws Exception {
        editUnseenBy(() -> {
            hint();
            Awaitility.await().atMost(PATIENCE).until(() -> holds("one"));
            solo.stop();
        });
        solo.start();
        assertThat(holds("two")).isTrue();
    }

    /// Only the time of the last change of its attributes tells, which no program can set.
    @Test
    void editUnderARestoredTimeIsFoundAfterRestart() throws Exception {
        Files.writeString(file, "one");
        hint();
        Awaitility.await().atMost(PATIENCE).until(() -> holds("one"));
        Awaitility.await().atMost(PATIENCE).until(() -> {
            hint();
            return isSettled();
        });
        FileTime before = Files.getLastModifiedTime(file);
        solo.stop();
        Files.writeString(file, "two");
        Files.setLastModifiedTime(file, before);
        solo.start();
        assertThat(holds("two")).isTrue();
    }

    @Test
    void fileIsReadOnceMoreAndThenNotAgain() throws Exception {
        Files.writeString(file, "one");
        hint();
        Awaitility.await().atMost(PATIENCE).until(() -> holds("one"));
        Awaitility.await().atMost(PATIENCE).until(() -> {
            solo.replica().barrier(true).join();
            return isSettled();
        });
        int before = reads.get();
        for (int i = 0; i < 3; i++) {
            solo.replica().barrier(true).join();
        }
        assertThat(reads).hasValue(before);
    }

    @Test
    void whatWasPlacedIsReadOnceMoreAndThenNotAgain() throws Exception {
        Files.writeString(file, "one");
        solo.awaitSettled();
        solo.peerEdits("a", "two");
        Awaitility.await().atMost(PATIENCE).until(() -> Files.readString(file).equals("two"));
        Awaitility.await().atMost(PATIENCE).until(() -> {
            solo.replica().barrier(true).join();
            return isSettled();
        });
        int before = reads.get();
        solo.replica().barrier(true).join();
        assertThat(reads).hasValue(before);
    }

    private boolean isSettled() {
        var held = solo.index.find(RelativePath.of("a"));
        return held != null && held.isSettled();
    }

    private interface Act {
        void run() throws Exception;
    }

    /// Writes "one", lets it be found, and writes "two" over it so that size, mtime and ctime are the same.
    private void editUnseenBy(Act finding) throws Exception {
        clockStandsAtNanos = System.currentTimeMillis() * 1_000_000L;
        Files.writeString(file, "one");
        FileTime time = Files.getLastModifiedTime(file);
        finding.run();
        Files.writeString(file, "two");
        Files.setLastModifiedTime(file, time);
    }

    private boolean holds(String content) {
        return solo.catalog
                .read(view -> view.find(RelativePath.of("a")))
                .filter(entry -> entry.content().equals(SoloFolder.file(content)))
                .isPresent();
    }

    private void hint() {
        solo.replica().hint(new Hint.Dirty(RelativePath.of("a"), Hint.Cause.CLOSED));
    }

    // --- the slow clock ---

    private Object coarse(Object real, Class<?> type) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, new SlowClock(real));
    }

    private final class SlowClock implements InvocationHandler {
        private final Object real;

        private SlowClock(Object real) {
            this.real = real;
        }

        @Override
        public @Nullable Object invoke(Object proxy, java.lang.reflect.Method method, Object @Nullable [] given)
                throws Throwable {
            if (method.getName().equals("clockTickNanos")) {
                return TICK_NANOS;
            }
            if (method.getName().equals("openRead")
                    && given != null
                    && RelativePath.of("a").equals(given[0])) {
                reads.incrementAndGet();
            }
            Object[] arguments = given == null
                    ? new Object[0]
                    : Arrays.stream(given).map(SlowClock::unwrapped).toArray();
            try {
                Object result = method.invoke(real, arguments);
                return switch (result) {
                    case Stamp stamp -> dated(stamp);
                    case FileHandle handle -> coarse(handle, FileHandle.class);
                    case null, default -> result;
                };
            } catch (InvocationTargetException failed) {
                throw failed.getCause();
            }
        }

        private static @Nullable Object unwrapped(@Nullable Object argument) {
            boolean isOurs = argument != null
                    && Proxy.isProxyClass(argument.getClass())
                    && Proxy.getInvocationHandler(argument) instanceof SlowClock;
            return isOurs ? ((SlowClock) Proxy.getInvocationHandler(argument)).real : argument;
        }

        private Stamp dated(Stamp stamp) {
            return new Stamp(
                    stamp.kind(),
                    stamp.device(),
                    stamp.inode(),
                    stamp.birthNanos(),
                    stamp.sizeBytes(),
                    stamp.mtimeNanos(),
                    Math.min(stamp.ctimeNanos(), clockStandsAtNanos),
                    stamp.mode(),
                    stamp.links(),
                    stamp.owner());
        }
    }
}
