package dev.lockstep.node;

import dev.lockstep.content.OpenContent;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A revision of a file or symlink, open for reading. Not thread-safe.
public final class OpenRevision implements AutoCloseable {
    private static final int BUFFER_BYTES = 64 << 10;

    private final Revision revision;
    private final Bytes target;
    private final @Nullable OpenContent content;

    private OpenRevision(Revision revision, Bytes target, @Nullable OpenContent content) {
        this.revision = revision;
        this.target = target;
        this.content = content;
    }

    static OpenRevision file(Revision revision, OpenContent content) {
        return new OpenRevision(revision, Bytes.EMPTY, content);
    }

    static OpenRevision symlink(Revision revision, Bytes target) {
        return new OpenRevision(revision, target, null);
    }

    /// The commit that brought this content.
    public Revision revision() {
        return revision;
    }

    public boolean isSymlink() {
        return content == null;
    }

    /// Of the file, or of the link's target.
    public long sizeBytes() {
        return content == null ? target.size() : content.sizeBytes();
    }

    /// @throws IOException if the file was changed while it was read, or `out` fails
    public void writeTo(OutputStream out) throws IOException {
        if (content == null) {
            out.write(target.unsafeArray());
            return;
        }
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        long at = 0;
        while (at < content.sizeBytes()) {
            content.read(buffer.clear(), at);
            out.write(buffer.array(), 0, buffer.position());
            at += buffer.position();
        }
    }

    @Override
    public void close() {
        if (content != null) {
            content.close();
        }
    }
}
