package dev.lockstep.folder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who writes, as /proc tells it.
final class ProcWritersTest {
    @TempDir
    private Path dir;

    private Path file;

    @BeforeEach
    void write() throws IOException {
        file = Files.writeString(dir.resolve("f"), "content");
    }

    @Test
    void openForReadingIsNoWriter() throws IOException {
        try (RandomAccessFile _ = new RandomAccessFile(file.toFile(), "r")) {
            assertThat(found()).isNotEqualTo(ProcWriters.Found.SOME);
        }
    }

    @Test
    void openForWritingIsWriterUntilItIsClosed() throws IOException {
        try (RandomAccessFile _ = new RandomAccessFile(file.toFile(), "rw")) {
            assertThat(found()).isEqualTo(ProcWriters.Found.SOME);
        }
        assertThat(found()).isNotEqualTo(ProcWriters.Found.SOME);
    }

    @Test
    void sharedMappingIsWriterAfterItsFileIsClosed() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                channel.map(FileChannel.MapMode.READ_WRITE, 0, 3, arena);
            }
            assertThat(found()).isEqualTo(ProcWriters.Found.SOME);
        }
        assertThat(found()).isNotEqualTo(ProcWriters.Found.SOME);
    }

    private ProcWriters.Found found() throws IOException {
        try (NativeFolderRoot root = NativeFolderRoot.open(dir)) {
            Stamp stamp = root.stat(RelativePath.of("f"));
            return ProcWriters.of(Objects.requireNonNull(stamp));
        }
    }
}
