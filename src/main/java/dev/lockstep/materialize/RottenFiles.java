package dev.lockstep.materialize;

import dev.lockstep.folder.Held;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Revision;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Files of the folder whose bytes are not those of their revision though nothing has touched them: the disk has failed
/// them. They are placed again. Thread-safe.
public final class RottenFiles {
    private record Rot(Digest digest, Revision revision) {}

    private final Map<EntryId, Rot> rotten = new ConcurrentHashMap<>();
    private final Map<EntryId, Held> damaged = new ConcurrentHashMap<>();

    /// @param digest of the bytes as they are now
    public void add(Held held, Digest digest) {
        rotten.put(held.id(), new Rot(digest, held.entry().revision()));
    }

    /// What the bytes of the entry are, null if they are right as far as is known. Another revision is not rotten.
    public @Nullable Digest digest(Held held) {
        Rot rot = rotten.isEmpty() ? null : rotten.get(held.id());
        return rot != null && rot.revision().equals(held.entry().revision()) ? rot.digest() : null;
    }

    /// A power loss made of a file what the record says now.
    public void addDamaged(Held held) {
        damaged.put(held.id(), held);
    }

    /// Whether the record is still the one of the damage.
    public boolean isDamaged(Held held) {
        return held.equals(damaged.get(held.id()));
    }

    public void remove(EntryId id) {
        rotten.remove(id);
        damaged.remove(id);
    }
}
