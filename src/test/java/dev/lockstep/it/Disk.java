package dev.lockstep.it;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/// A file system of its own in an image file, mounted by loop. Only for the superuser, on systems with loop devices.
final class Disk implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    /// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`: nothing more reaches the disk, not even the journal.
    private static final long SHUTDOWN = 0x8004587dL;

    private static final int WITHOUT_LOG_FLUSH = 2;
    private static final int ONLY_DIRECTORY = 0x10000;
    private static final Linker LINKER = Linker.nativeLinker();

    private static final Path HERE = Path.of("/");

    private final Path image;
    private final Path mount;
    private final String options;

    private Disk(Path image, Path mount, String options) {
        this.image = image;
        this.mount = mount;
        this.options = options;
    }

    /// Whether this user may mount an image on this system.
    static boolean isPossible() throws IOException, InterruptedException {
        Path home = Files.createTempDirectory("lockstep-disk");
        try (Disk _ = ext4(home, "probe", 8)) {
            return true;
        } catch (IllegalStateException refused) {
            return false;
        } finally {
            Shell.in(home, "rm -rf '" + home + "'");
        }
    }

    /// @param megabytes its size
    static Disk ext4(Path home, String name, int megabytes) throws IOException, InterruptedException {
        Path image = home.resolve(name + ".image");
        Path mount = Files.createDirectories(home.resolve(name));
        // The journal is written often, so that names are there before bytes are.
        return made(home, image, mount, megabytes, "mkfs.ext4 -q -F", "loop,commit=1");
    }

    /// @param maker makes the file system in the image whose name is added
    static Disk madeBy(Path home, String name, int megabytes, String maker) throws IOException, InterruptedException {
        Path mount = Files.createDirectories(home.resolve(name));
        return made(home, home.resolve(name + ".image"), mount, megabytes, maker, "loop");
    }

    /// One that is in memory.
    static Disk tmpfs(Path home, String name, int megabytes) throws IOException, InterruptedException {
        Path mount = Files.createDirectories(home.resolve(name));
        Path image = Files.createFile(home.resolve(name + ".image"));
        Shell.in(home, "mount -t tmpfs -o size=" + megabytes + "m tmpfs '" + mount + "'");
        return new Disk(image, mount, "");
    }

    private static Disk made(Path home, Path image, Path mount, int megabytes, String maker, String options)
            throws IOException, InterruptedException {
        Shell.in(home, "truncate -s " + megabytes + "M '" + image + "' && " + maker + " '" + image + "'");
        Disk disk = new Disk(image, mount, options);
        disk.mount();
        return disk;
    }

    Path root() {
        return mount;
    }

    void mount() throws IOException, InterruptedException {
        Shell.in(HERE, "mount -o " + options + " '" + image + "' '" + mount + "'");
    }

    /// From now on the disk holds what it held at this instant; what was written but not synced is lost. Nothing can be
    /// read or written until [#comeBack].
    void losePower() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MethodHandle open = handle(
                    "open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));
            MethodHandle control = handle(
                    "ioctl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                    Linker.Option.firstVariadicArg(2));
            MethodHandle close = handle("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
            int descriptor = (int) open.invokeExact(arena.allocateFrom(mount.toString()), ONLY_DIRECTORY);
            MemorySegment how = arena.allocateFrom(JAVA_INT, WITHOUT_LOG_FLUSH);
            int answer = (int) control.invokeExact(descriptor, SHUTDOWN, how);
            int closed = (int) close.invokeExact(descriptor);
            if (descriptor < 0 || answer < 0 || closed < 0) {
                throw new IOException("the file system cannot be cut off: " + mount);
            }
        } catch (IOException refused) {
            throw refused;
        } catch (Throwable defect) {
            throw new IllegalStateException(defect);
        }
    }

    @SuppressWarnings("restricted") // no other program calls it at the right moment
    private static MethodHandle handle(String name, FunctionDescriptor what, Linker.Option... options) {
        return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), what, options);
    }

    /// After [#losePower], when no process uses it any more: the journal is replayed, as after a boot.
    void comeBack() throws IOException, InterruptedException {
        unmount();
        mount();
    }

    private void unmount() throws IOException, InterruptedException {
        List<String> command = List.of("umount", mount.toString());
        // A process that was killed a moment ago may still hold it.
        Await.until(
                mount + " is unmounted",
                PATIENCE,
                () -> Shell.run(HERE, command, PATIENCE).code() == 0);
    }

    @Override
    public void close() throws IOException {
        try {
            unmount();
            Files.delete(image);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
