package dev.lockstep.folder;

import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What this node knows to stand in its folder: one record per entry, found by entry, by place, by inode and by
/// content.
/// The base of every edit comes from here, never from the catalog. Written by the folder's control loop
/// alone; read by
/// any
/// thread.
public final class FolderIndex {
    private static final byte BY_ENTRY = 'e';
    private static final byte BY_PLACE = 'p';
    private static final byte BY_INODE = 'i';
    private static final byte BY_CONTENT = 'c';
    /// Records that are not known to be durable, see [#beginMarks].
    private static final byte MARK = 'd';
    private static final int MARKS_AT_ONCE = 1_000;
    private static final byte[] NOTHING = {};
    /// A cycle of directories cannot be, but a damaged record must not hang the node.
    private static final int DEPTH_MAX = 4096;

    private final IndexStore store;
    private final long newestLogIndex;
    private long entries;
    private long generation;
    private boolean hasMarks;

    public FolderIndex(IndexStore store) {
        this.store = store;
        long[] newest = {0};
        forEach(held -> {
            entries++;
            newest[0] = Math.max(newest[0], held.entry().changed().logIndex());
        });
        newestLogIndex = newest[0];
        store.scan(new byte[] {MARK}, (key, value) -> {
            hasMarks = true;
            generation = Math.max(generation, ByteBuffer.wrap(key).getLong(1) + 1);
            return true;
        });
    }

    /// The highest log index of which anything stood in the folder when the index was opened; 0 if it held nothing. A
    /// catalog that is not that far knows less than the folder.
    public long newestLogIndexAtOpen() {
        return newestLogIndex;
    }

    /// How many entries the folder holds.
    public synchronized long entries() {
        return entries;
    }

    public @Nullable Held held(EntryId id) {
        byte[] value = store.get(key(BY_ENTRY, id.value()));
        return value == null ? null : HeldCodec.decode(value);
    }

    public @Nullable Held child(EntryId parent, Name name) {
        byte[] id = store.get(placeKey(parent, name));
        return id == null ? null : held(entryId(id, 0));
    }

    /// @return null if the path, or a directory on the way, is not held
    public @Nullable Held find(RelativePath path) {
        EntryId parent = EntryId.ROOT;
        Held held = null;
        for (Name name : path.names()) {
            held = child(parent, name);
            if (held == null) {
                return null;
            }
            parent = held.id();
        }
        return held;
    }

    /// Where the entry stands in this folder.
    ///
    /// @return null if it, or a directory on the way, is not held
    public @Nullable RelativePath path(EntryId id) {
        List<Name> names = new ArrayList<>();
        for (EntryId at = id; !at.equals(EntryId.ROOT); ) {
            Held held = held(at);
            if (held == null || names.size() > DEPTH_MAX) {
                return null;
            }
            names.add(held.entry().name());
            at = held.entry().parent();
        }
        return new RelativePath(names.reversed());
    }

    /// An entry and all that is recorded below it, each once and what is deeper first: a power loss may leave records
    /// of two directories that lie in each other. Removed in this order, no record is left without its directory.
    ///
    /// @param without what to leave out, with all below it
    public List<EntryId> subtree(EntryId id, Set<EntryId> without) {
        Set<EntryId> seen = new HashSet<>(without);
        List<EntryId> found = new ArrayList<>();
        collect(id, seen, found);
        return found;
    }

    private void collect(EntryId id, Set<EntryId> seen, List<EntryId> found) {
        if (seen.add(id)) {
            children(id).forEach(child -> collect(child.id(), seen, found));
            found.add(id);
        }
    }

    /// The entries that were last seen on the inode of `stamp`: several if it has several names.
    public List<Held> onInode(Stamp stamp) {
        List<Held> found = new ArrayList<>();
        byte[] prefix = inodePrefix(stamp);
        store.scan(prefix, (key, value) -> {
            Held held = held(entryId(key, prefix.length));
            if (held != null && held.stamp().isSameInode(stamp)) {
                found.add(held);
            }
            return true;
        });
        return found;
    }

    /// Up to `limit` entries whose held content is `digest`.
    public List<Held> byContent(Digest digest, int limit) {
        List<Held> found = new ArrayList<>();
        byte[] prefix = contentPrefix(digest);
        store.scan(prefix, (key, value) -> {
            Held held = held(entryId(key, prefix.length));
            if (held != null) {
                found.add(held);
            }
            return found.size() < limit;
        });
        return found;
    }

    public List<Held> children(EntryId parent) {
        List<Held> children = new ArrayList<>();
        store.scan(key(BY_PLACE, parent.value()), (key, value) -> {
            Held held = held(entryId(value, 0));
            if (held != null) {
                children.add(held);
            }
            return true;
        });
        return children;
    }

    public void forEach(Consumer<Held> visitor) {
        store.scan(new byte[] {BY_ENTRY}, (key, value) -> {
            visitor.accept(HeldCodec.decode(value));
            return true;
        });
    }

    /// Writes or replaces the record of one entry. Another entry that was recorded at the same place keeps
    /// its record
    /// but
    /// is no longer found there: the caller removes or moves it first.
    public void put(Held held) {
        putAll(List.of(held));
    }

    /// As [#put] of each, at once: entries may take each other's places.
    ///
    /// @param some of different entries
    public synchronized void putAll(List<Held> some) {
        List<IndexStore.Write> writes = new ArrayList<>();
        for (Held held : some) {
            Held before = held(held.id());
            if (before == null) {
                entries++;
            } else {
                removeKeys(before, writes);
            }
        }
        some.forEach(held -> addKeys(held, writes));
        hasMarks = true;
        store.write(writes);
    }

    private void addKeys(Held held, List<IndexStore.Write> writes) {
        byte[] id = ByteBuffer.allocate(Long.BYTES).putLong(held.id().value()).array();
        writes.add(new IndexStore.Write(key(BY_ENTRY, held.id().value()), HeldCodec.encode(held)));
        writes.add(new IndexStore.Write(
                placeKey(held.entry().parent(), held.entry().name()), id));
        writes.add(new IndexStore.Write(inodeKey(held.stamp(), held.id()), NOTHING));
        if (held.entry().content() instanceof Content.File file) {
            writes.add(new IndexStore.Write(contentKey(file.digest(), held.id()), NOTHING));
        }
        writes.add(new IndexStore.Write(withId(key(MARK, generation), held.id()), NOTHING));
    }

    // --- marks ---

    /// Each record is marked when it is written, until it is known to be durable together with what it tells of. After
    /// a power loss the marked ones say what may be damaged.
    ///
    /// @return a number for [#endMarks], which covers all records so far
    public synchronized long beginMarks() {
        return generation++;
    }

    /// What was recorded before the call of [#beginMarks] that gave this number is durable.
    public void endMarks(long begun) {
        List<IndexStore.Write> removals = new ArrayList<>();
        boolean[] isAnyLeft = {false};
        store.scan(new byte[] {MARK}, (key, value) -> {
            boolean isCovered = ByteBuffer.wrap(key).getLong(1) <= begun;
            isAnyLeft[0] = !isCovered;
            if (isCovered) {
                removals.add(new IndexStore.Write(key, null));
            }
            return isCovered;
        });
        for (int at = 0; at < removals.size(); at += MARKS_AT_ONCE) {
            store.write(removals.subList(at, Math.min(removals.size(), at + MARKS_AT_ONCE)));
        }
        synchronized (this) {
            hasMarks = isAnyLeft[0];
        }
    }

    public synchronized boolean hasMarks() {
        return hasMarks;
    }

    /// The entries whose records are marked.
    public Set<EntryId> marked() {
        Set<EntryId> marked = new LinkedHashSet<>();
        store.scan(new byte[] {MARK}, (key, value) -> {
            marked.add(entryId(key, 1 + Long.BYTES));
            return true;
        });
        return marked;
    }

    // --- keys ---

    public synchronized void remove(EntryId id) {
        Held before = held(id);
        if (before == null) {
            return;
        }
        entries--;
        List<IndexStore.Write> writes = new ArrayList<>();
        removeKeys(before, writes);
        writes.add(new IndexStore.Write(key(BY_ENTRY, id.value()), null));
        store.write(writes);
    }

    private void removeKeys(Held before, List<IndexStore.Write> writes) {
        removeIfOwn(placeKey(before.entry().parent(), before.entry().name()), before.id(), writes);
        writes.add(new IndexStore.Write(inodeKey(before.stamp(), before.id()), null));
        if (before.entry().content() instanceof Content.File file) {
            writes.add(new IndexStore.Write(contentKey(file.digest(), before.id()), null));
        }
    }

    private void removeIfOwn(byte[] key, EntryId id, List<IndexStore.Write> writes) {
        byte[] owner = store.get(key);
        if (owner != null && entryId(owner, 0).equals(id)) {
            writes.add(new IndexStore.Write(key, null));
        }
    }

    private static byte[] key(byte space, long number) {
        return ByteBuffer.allocate(1 + Long.BYTES).put(space).putLong(number).array();
    }

    private static byte[] placeKey(EntryId parent, Name name) {
        int size = name.bytes().size();
        return ByteBuffer.allocate(1 + Long.BYTES + size)
                .put(BY_PLACE)
                .putLong(parent.value())
                .put(name.bytes().unsafeArray())
                .array();
    }

    private static byte[] inodePrefix(Stamp stamp) {
        return ByteBuffer.allocate(1 + 2 * Long.BYTES)
                .put(BY_INODE)
                .putLong(stamp.device())
                .putLong(stamp.inode())
                .array();
    }

    private static byte[] inodeKey(Stamp stamp, EntryId id) {
        return withId(inodePrefix(stamp), id);
    }

    private static byte[] contentPrefix(Digest digest) {
        int size = digest.bytes().size();
        return ByteBuffer.allocate(1 + size)
                .put(BY_CONTENT)
                .put(digest.bytes().unsafeArray())
                .array();
    }

    private static byte[] contentKey(Digest digest, EntryId id) {
        return withId(contentPrefix(digest), id);
    }

    private static byte[] withId(byte[] prefix, EntryId id) {
        return ByteBuffer.allocate(prefix.length + Long.BYTES)
                .put(prefix)
                .putLong(id.value())
                .array();
    }

    private static EntryId entryId(byte[] bytes, int offset) {
        return new EntryId(ByteBuffer.wrap(bytes).getLong(offset));
    }
}
