package dev.lockstep.decay;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;

/// Changes a byte of a file as a failing disk does: none of its stamps changes. A page that is mapped and was written
/// to
/// can be written to again without the kernel noticing, until it writes the page back; in memory (tmpfs) it never does.
public final class Decay implements AutoCloseable {
    private final Path file;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;

    /// Writes the first byte as it is: the stamps change now for the last time.
    ///
    /// @param file not empty
    public Decay(Path file) throws IOException {
        this.file = file;
        Set<StandardOpenOption> options = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
        try (FileChannel channel = FileChannel.open(file, options)) {
            bytes = channel.map(MapMode.READ_WRITE, 0, channel.size(), arena);
        }
        bytes.set(ValueLayout.JAVA_BYTE, 0, bytes.get(ValueLayout.JAVA_BYTE, 0));
    }

    /// A directory on a file system in memory, if there is one.
    public static Path memory() {
        Path memory = Path.of("/dev/shm");
        return Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
    }

    /// Turns one bit of the byte at `offset` within the first page.
    public void spoil(int offset) throws IOException {
        Map<String, Object> before = stamp();
        bytes.set(ValueLayout.JAVA_BYTE, offset, (byte) (bytes.get(ValueLayout.JAVA_BYTE, offset) ^ 1));
        if (!before.equals(stamp())) {
            throw new IllegalStateException("the kernel has noticed: not on a file system in memory?");
        }
    }

    private Map<String, Object> stamp() throws IOException {
        return Files.readAttributes(file, "unix:ino,size,lastModifiedTime,ctime,mode", LinkOption.NOFOLLOW_LINKS);
    }

    @Override
    public void close() {
        arena.close();
    }
}
