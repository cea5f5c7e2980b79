package dev.lockstep.replica;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// Small contents that came with the log since the last sync point, the oldest first: until then the log is what they
/// are durable by. Bounded: the oldest are handed to `spill` when there are more than [#BYTES_MAX]. Owned by the
/// control loop.
final class InlineContents {
    static final long BYTES_MAX = 16L << 20;

    private final Map<Digest, Carried> byDigest = new LinkedHashMap<>();
    private final BiConsumer<Digest, Bytes> spill;
    private long bytes;

    private record Carried(Bytes content, long logIndex) {}

    InlineContents(BiConsumer<Digest, Bytes> spill) {
        this.spill = spill;
    }

    /// @param logIndex of the commit that carried it
    void add(Digest digest, Bytes content, long logIndex) {
        remove(digest);
        byDigest.put(digest, new Carried(content, logIndex));
        bytes += content.size();
        while (bytes > BYTES_MAX && byDigest.size() > 1) {
            Digest oldest = byDigest.keySet().iterator().next();
            Bytes spilled = Objects.requireNonNull(byDigest.get(oldest)).content();
            remove(oldest);
            spill.accept(oldest, spilled);
        }
    }

    private void remove(Digest digest) {
        Carried before = byDigest.remove(digest);
        if (before != null) {
            bytes -= before.content().size();
        }
    }

    @Nullable
    Bytes get(Digest digest) {
        Carried carried = byDigest.get(digest);
        return carried == null ? null : carried.content();
    }

    /// What was carried by commits beyond `logIndex`.
    Map<Digest, Bytes> since(long logIndex) {
        Map<Digest, Bytes> found = new LinkedHashMap<>();
        byDigest.forEach((digest, carried) -> {
            if (carried.logIndex() > logIndex) {
                found.put(digest, carried.content());
            }
        });
        return found;
    }

    /// Forgets what commits up to `logIndex` carried: it all stands on disk.
    void forgetUpTo(long logIndex) {
        byDigest.values().removeIf(carried -> {
            boolean isOld = carried.logIndex() <= logIndex;
            bytes -= isOld ? carried.content().size() : 0;
            return isOld;
        });
    }
}
