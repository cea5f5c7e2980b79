package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/// Small files that appear whole or not at all.
final class DurableFile {
    private DurableFile() {}

    /// Writes a file anew and makes its bytes, not its name, durable.
    static void stage(Path staged, Bytes bytes, String permissions) throws IOException {
        Files.deleteIfExists(staged);
        try (FileChannel out = FileChannel.open(staged, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            Files.setPosixFilePermissions(staged, PosixFilePermissions.fromString(permissions));
            for (ByteBuffer rest = bytes.buffer(); rest.hasRemaining(); ) {
                out.write(rest);
            }
            out.force(true);
        }
    }

    /// Makes the names in a directory durable.
    static void force(Path directory) throws IOException {
        try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
            names.force(true);
        }
    }
}
