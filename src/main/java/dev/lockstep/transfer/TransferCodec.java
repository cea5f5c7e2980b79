package dev.lockstep.transfer;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// The requests of a transfer as bytes: a version, a digest, then fixed numbers.
final class TransferCodec {
    private static final byte VERSION = 1;
    private static final int DIGEST_BYTES = 33;

    private TransferCodec() {}

    record Fetch(Digest digest, long offset, int length) {}

    record Stage(Content.File content, NodeId origin) {}

    static Bytes encode(Fetch fetch) {
        return Bytes.wrap(ByteBuffer.allocate(1 + DIGEST_BYTES + Long.BYTES + Integer.BYTES)
                .put(VERSION)
                .put(fetch.digest().bytes().unsafeArray())
                .putLong(fetch.offset())
                .putInt(fetch.length())
                .array());
    }

    static Fetch fetch(Bytes request) throws IOException {
        try {
            ByteBuffer in = begin(request);
            Fetch fetch = new Fetch(digest(in), in.getLong(), in.getInt());
            if (fetch.offset() < 0 || fetch.length() < 0 || fetch.length() > Transfer.CHUNK_BYTES) {
                throw new IOException("a fetch out of bounds");
            }
            return fetch;
        } catch (BufferUnderflowException | IllegalArgumentException malformed) {
            throw new IOException("not a fetch", malformed);
        }
    }

    static Bytes encode(Stage stage) {
        byte[] origin = Bytes.utf8(stage.origin().value()).unsafeArray();
        return Bytes.wrap(ByteBuffer.allocate(1 + DIGEST_BYTES + Long.BYTES + origin.length)
                .put(VERSION)
                .put(stage.content().digest().bytes().unsafeArray())
                .putLong(stage.content().sizeBytes())
                .put(origin)
                .array());
    }

    static Stage stage(Bytes request) throws IOException {
        try {
            ByteBuffer in = begin(request);
            Content.File content = new Content.File(digest(in), in.getLong());
            return new Stage(content, new NodeId(Bytes.copyOf(in).toUtf8()));
        } catch (BufferUnderflowException | IllegalArgumentException malformed) {
            throw new IOException("not a request to stage", malformed);
        }
    }

    /// Most contents asked for in one call.
    static final int HAS_MAX = 256;

    static Bytes encode(List<Digest> asked) {
        ByteBuffer out = ByteBuffer.allocate(1 + asked.size() * DIGEST_BYTES).put(VERSION);
        asked.forEach(digest -> out.put(digest.bytes().unsafeArray()));
        return Bytes.wrap(out.array());
    }

    static List<Digest> has(Bytes request) throws IOException {
        try {
            ByteBuffer in = begin(request);
            if (in.remaining() > HAS_MAX * DIGEST_BYTES) {
                throw new IOException("too many contents asked for at once");
            }
            List<Digest> asked = new ArrayList<>();
            while (in.hasRemaining()) {
                asked.add(digest(in));
            }
            return asked;
        } catch (BufferUnderflowException | IllegalArgumentException malformed) {
            throw new IOException("not a question for contents", malformed);
        }
    }

    private static ByteBuffer begin(Bytes request) throws IOException {
        ByteBuffer in = request.buffer();
        byte version = in.get();
        if (version != VERSION) {
            throw new IOException("transfer version " + version + " is not known here");
        }
        return in;
    }

    private static Digest digest(ByteBuffer in) {
        byte[] bytes = new byte[DIGEST_BYTES];
        in.get(bytes);
        return new Digest(Bytes.wrap(bytes));
    }
}
