package dev.lockstep.scan;

import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads files so that what is hashed is one state of the file: the stamp of the open file is the same before
/// and
/// after.
/// Memory is bounded by one buffer per call, whatever the size of the file. Thread-safe.
final class FileReader {
    /// As much as one call reads into memory of the virtual machine. That memory grows when it must and fails nobody as
    /// long as there is any; direct buffers have a limit of their own, which many readings at once overstep.
    private static final int BUFFER_BYTES = 1 << 16;

    private final FolderRoot root;
    private final int inlineBytesMax;

    FileReader(FolderRoot root, int inlineBytesMax) {
        this.root = root;
        this.inlineBytesMax = inlineBytesMax;
    }

    /// @param isUnhinted whether no event told of a change: then the file may be written through a mapping, and what is
    ///     written after this reading must show
    /// @return null if the file changed meanwhile
    @Nullable
    StableRead read(RelativePath path, boolean isUnhinted) throws IOException {
        try (FileHandle file = root.openRead(path)) {
            if (isUnhinted) {
                file.exposeMappedWrites();
            }
            Stamp before = file.stamp();
            StableRead read = before.sizeBytes() <= inlineBytesMax ? readSmall(file, before) : readLarge(file, before);
            return read != null && file.stamp().isUnchangedSince(before) ? read : null;
        }
    }

    private static @Nullable StableRead readSmall(FileHandle file, Stamp stamp) throws IOException {
        byte[] bytes = new byte[(int) stamp.sizeBytes() + 1];
        ByteBuffer target = ByteBuffer.wrap(bytes);
        while (target.hasRemaining() && file.read(target, target.position()) > 0) {
            // A file that grew fills the one byte too many.
        }
        if (target.position() != stamp.sizeBytes()) {
            return null;
        }
        Bytes content = Bytes.wrap(Arrays.copyOf(bytes, target.position()));
        return new StableRead(Digest.of(content), content.size(), Optional.of(content), stamp);
    }

    private static @Nullable StableRead readLarge(FileHandle file, Stamp stamp) throws IOException {
        MessageDigest digester = Digest.digester();
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER_BYTES, stamp.sizeBytes() + 1));
        long offset = 0;
        while (true) {
            int got = file.read(buffer.clear(), offset);
            if (got < 0) {
                break;
            }
            digester.update(buffer.flip());
            offset += got;
        }
        return offset == stamp.sizeBytes()
                ? new StableRead(Digest.finish(digester), offset, Optional.empty(), stamp)
                : null;
    }
}
