package dev.lockstep.content;

import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/// Takes a content in order and makes it a staged one, once every byte is there and right. Not thread-safe.
public final class Receiver implements AutoCloseable {
    private static final int HOLE_BYTES = 64 << 10;
    private static final ByteBuffer ZEROS = ByteBuffer.allocate(HOLE_BYTES).asReadOnlyBuffer();

    private final FolderRoot state;
    private final FileHandle file;
    private final RelativePath part;
    private final RelativePath target;
    private final Content.File content;
    private final Finished finished;
    private final MessageDigest digester = Digest.digester();
    private long received;
    private boolean isHoleAtEnd;
    private boolean isFinished;
    private boolean isHandedOver;

    /// What is done once the content is whole under its name.
    @FunctionalInterface
    interface Finished {
        void run() throws IOException;
    }

    Receiver(
            FolderRoot state,
            FileHandle file,
            RelativePath part,
            RelativePath target,
            Content.File content,
            Finished finished) {
        this.finished = finished;
        this.state = state;
        this.file = file;
        this.part = part;
        this.target = target;
        this.content = content;
    }

    /// Takes the next bytes. Where they are zero for long, the file gets a hole.
    public void write(ByteBuffer bytes) throws IOException {
        digester.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            ByteBuffer block = bytes.slice(bytes.position(), Math.min(bytes.remaining(), HOLE_BYTES));
            int size = block.remaining();
            isHoleAtEnd = size == HOLE_BYTES && block.mismatch(ZEROS.duplicate()) < 0;
            if (!isHoleAtEnd) {
                file.write(block, received);
            }
            received += size;
            bytes.position(bytes.position() + size);
        }
    }

    /// Makes the content durable and gives it its final name.
    ///
    /// @throws IOException if it is not the content that was expected
    public void finish() throws IOException {
        requireWhole();
        file.datasync();
        FailPoint.reach("receiving.synced");
        state.rename(part, state, target, RenameMode.REPLACE);
        state.fsyncDirectory(target.parent());
        FailPoint.reach("receiving.named");
        isFinished = true;
        finished.run();
    }

    /// Takes the content's name away and opens it: it is gone with the last reader.
    ///
    /// @throws IOException if it is not the content that was expected
    public OpenContent finishUnnamed() throws IOException {
        requireWhole();
        state.unlink(part);
        isFinished = true;
        isHandedOver = true;
        return new OpenContent(file, received, null);
    }

    private void requireWhole() throws IOException {
        if (isHoleAtEnd) {
            file.truncate(received);
        }
        if (received != content.sizeBytes() || !Digest.finish(digester).equals(content.digest())) {
            throw new IOException("received bytes are not the content " + content.digest());
        }
    }

    @Override
    public void close() throws IOException {
        if (!isHandedOver) {
            file.close();
        }
        if (!isFinished) {
            Stamp left = state.stat(part);
            if (left != null) {
                state.unlink(part);
            }
        }
    }
}
