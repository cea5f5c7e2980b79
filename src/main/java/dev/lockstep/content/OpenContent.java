package dev.lockstep.content;

import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A content open for reading. Not thread-safe.
public final class OpenContent implements AutoCloseable {
    private final FileHandle file;
    private final @Nullable Stamp mustStay;
    private final long sizeBytes;

    /// @param mustStay stamp that the file must keep while it is read, as a user may write to it; null if
    ///     nobody may
    OpenContent(FileHandle file, long sizeBytes, @Nullable Stamp mustStay) {
        this.file = file;
        this.sizeBytes = sizeBytes;
        this.mustStay = mustStay;
    }

    public long sizeBytes() {
        return sizeBytes;
    }

    /// Fills `target` from `offset` on, as far as the content goes.
    ///
    /// @throws IOException if the file is no longer this content
    public void read(ByteBuffer target, long offset) throws IOException {
        long at = offset;
        while (target.hasRemaining() && at < sizeBytes) {
            int got = file.read(target, at);
            if (got < 0) {
                throw new IOException("shorter than its content: " + file.path());
            }
            at += got;
        }
        requireUnchanged();
    }

    /// Copies all of it into an empty file.
    void copyTo(FileHandle target) throws IOException {
        if (file.copyTo(target, sizeBytes) != sizeBytes) {
            throw new IOException("shorter than its content: " + file.path());
        }
        requireUnchanged();
    }

    /// Reads all of it.
    ///
    /// @throws IOException if the file is no longer this content
    Digest digest() throws IOException {
        Digest digest = ContentStore.digestOf(file, sizeBytes);
        requireUnchanged();
        return digest;
    }

    private void requireUnchanged() throws IOException {
        if (mustStay != null && !file.stamp().isUnchangedSince(mustStay)) {
            throw new IOException("changed while it was read: " + file.path());
        }
    }

    @Override
    public void close() {
        file.close();
    }
}
