package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/// Small files that appear whole or not at all. Stateless. Every failure names the file.
class DurableFiles {
    static final String PRIVATE = "rw-------";

    /// Durable on return.
    ///
    /// @param target beside it `<name>.new` is written first
    void write(Path target, Bytes bytes) throws IOException {
        Path staged = target.resolveSibling(target.getFileName() + ".new");
        stage(staged, bytes, PRIVATE);
        place(staged, target);
    }

    /// Writes a file anew and makes its bytes, not its name, durable.
    void stage(Path staged, Bytes bytes, String permissions) throws IOException {
        try {
            Files.deleteIfExists(staged);
            try (FileChannel out = FileChannel.open(staged, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                Files.setPosixFilePermissions(staged, PosixFilePermissions.fromString(permissions));
                write(out, bytes);
            }
        } catch (IOException failed) {
            throw named("write", staged, failed);
        }
    }

    static void write(FileChannel out, Bytes bytes) throws IOException {
        for (ByteBuffer rest = bytes.buffer(); rest.hasRemaining(); ) {
            out.write(rest);
        }
        out.force(true);
    }

    /// Gives a staged file its name, in place of what has it; durable on return.
    void place(Path staged, Path target) throws IOException {
        try {
            Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE);
            Path directory = target.toAbsolutePath().getParent();
            try (FileChannel names = FileChannel.open(directory, StandardOpenOption.READ)) {
                names.force(true);
            }
        } catch (IOException failed) {
            throw named("write", target, failed);
        }
    }

    /// The same failure with operation and path in its message, which the JDK leaves out for some causes.
    static IOException named(String operation, Path path, IOException failed) {
        String reason = String.valueOf(failed.getMessage());
        if (failed instanceof FileSystemException known) {
            reason = known.getReason() == null ? known.getClass().getSimpleName() : known.getReason();
        }
        return new IOException("cannot " + operation + " " + path + ": " + reason, failed);
    }
}
