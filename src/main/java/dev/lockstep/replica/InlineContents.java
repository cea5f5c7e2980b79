package dev.lockstep.replica;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Small contents that came with the log, kept until they stand somewhere on this node. Bounded: the oldest
/// are handed to
/// `spill` when there are more than [#BYTES_MAX]. Owned by the control loop.
final class InlineContents {
    static final long BYTES_MAX = 16L << 20;

    private final Map<Digest, Bytes> byDigest = new LinkedHashMap<>();
    private final BiConsumer<Digest, Bytes> spill;
    private long bytes;

    InlineContents(BiConsumer<Digest, Bytes> spill) {
        this.spill = spill;
    }

    void add(Digest digest, Bytes content) {
        if (byDigest.put(digest, content) == null) {
            bytes += content.size();
        }
        var oldest = byDigest.entrySet().iterator();
        while (bytes > BYTES_MAX && oldest.hasNext()) {
            Map.Entry<Digest, Bytes> entry = oldest.next();
            bytes -= entry.getValue().size();
            oldest.remove();
            spill.accept(entry.getKey(), entry.getValue());
        }
    }

    @Nullable
    Bytes get(Digest digest) {
        return byDigest.get(digest);
    }

    /// Forgets everything: it all stands on disk.
    void clear() {
        byDigest.clear();
        bytes = 0;
    }
}
