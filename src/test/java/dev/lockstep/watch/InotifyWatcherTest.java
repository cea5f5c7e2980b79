package dev.lockstep.watch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The kernel's events as hints.
class InotifyWatcherTest {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    @TempDir
    Path home;

    private final List<Hint> hints = new CopyOnWriteArrayList<>();
    private Path folder;
    private NativeFolderRoot root;
    private InotifyWatcher watcher;
    private Set<Integer> instances;

    @BeforeEach
    void open() throws Exception {
        folder = Files.createDirectories(home.resolve("folder"));
        Files.createDirectories(folder.resolve("d/e"));
        root = NativeFolderRoot.open(folder);
        Set<Integer> before = instances();
        Path barrier = Files.createDirectories(home.resolve("barrier"));
        watcher = new InotifyWatcher(root, barrier, Name.of(".lockstep"), hints::add);
        instances = instances();
        instances.removeAll(before);
        watcher.start();
    }

    @AfterEach
    void close() throws Exception {
        watcher.close();
        root.close();
    }

    /// The descriptors of this process that are instances of inotify.
    private static Set<Integer> instances() throws IOException {
        Set<Integer> found = new HashSet<>();
        try (Stream<Path> descriptors = Files.list(DESCRIPTORS)) {
            for (Path descriptor : descriptors.toList()) {
                if (Files.exists(descriptor, java.nio.file.LinkOption.NOFOLLOW_LINKS)
                        && Files.readSymbolicLink(descriptor).toString().contains("inotify")) {
                    found.add(Integer.valueOf(descriptor.getFileName().toString()));
                }
            }
        }
        return found;
    }

    private void drain() throws Exception {
        watcher.drain().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static RelativePath at(String path) {
        return RelativePath.of(path);
    }

    @Test
    void whatADrainFollowsIsToldBeforeItEnds() throws Exception {
        Files.writeString(folder.resolve("d/e/f"), "x");
        Files.writeString(folder.resolve(".lockstep"), "the marker is not reported");
        Files.move(folder.resolve("d/e"), folder.resolve("moved"));
        Files.writeString(folder.resolve("moved/g"), "x");
        drain();
        assertThat(hints)
                .contains(
                        new Hint.Dirty(at("d/e/f"), Hint.Cause.CLOSED),
                        new Hint.Moved(at("d/e"), at("moved")),
                        new Hint.Dirty(at("moved/g"), Hint.Cause.CLOSED))
                .noneMatch(hint -> hint.toString().contains(".lockstep"));
        assertThat(watcher.state().degraded()).isNull();
    }

    @Test
    void newDirectoryIsWatchedBeforeItIsTold() throws Exception {
        Files.createDirectories(folder.resolve("a/b/c"));
        drain();
        assertThat(hints).contains(new Hint.DirtySubtree(at("a")));
        hints.clear();
        Files.writeString(folder.resolve("a/b/c/f"), "x");
        drain();
        assertThat(hints).contains(new Hint.Dirty(at("a/b/c/f"), Hint.Cause.CLOSED));
    }

    /// C11: the instance is gone from under the reader.
    @Test
    void watchingThatFailedBeginsAnew() throws Exception {
        assertThat(instances).hasSize(1);
        takeAway(instances.iterator().next());
        Files.writeString(folder.resolve("d/unseen"), "x");
        Awaitility.await().atMost(PATIENCE).until(() -> hints.contains(new Hint.Unwatched()));
        hints.clear();
        Files.writeString(folder.resolve("d/e/f"), "x");
        drain();
        assertThat(hints).contains(new Hint.Dirty(at("d/e/f"), Hint.Cause.CLOSED));
        assertThat(watcher.state().degraded()).isNull();
        assertThat(watcher.state().directories()).isEqualTo(3);
    }

    /// A barrier that waits for events of the lost instance does not wait for ever.
    @Test
    void barrierPassesWhenAllIsComparedInstead() throws Exception {
        takeAway(instances.iterator().next());
        Files.writeString(folder.resolve("d/unseen"), "x");
        drain();
        assertThat(hints).contains(new Hint.Unwatched());
    }

    /// What reads the descriptor finds the end of a file.
    @SuppressWarnings("restricted") // nothing else takes a descriptor away from a thread that uses it
    private static void takeAway(int descriptor) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup library = linker.defaultLookup();
        MethodHandle open = linker.downcallHandle(
                library.find("open").orElseThrow(),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                Linker.Option.firstVariadicArg(2));
        MethodHandle dup2 = linker.downcallHandle(
                library.find("dup2").orElseThrow(), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
        MethodHandle close =
                linker.downcallHandle(library.find("close").orElseThrow(), FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            int ended = (int) open.invokeExact(arena.allocateFrom("/dev/null"), 0);
            assertThat((int) dup2.invokeExact(ended, descriptor)).isEqualTo(descriptor);
            assertThat((int) close.invokeExact(ended)).isZero();
        } catch (Throwable failed) {
            throw new IllegalStateException(failed);
        }
    }
}
