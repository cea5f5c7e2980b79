package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.model.StoreId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// The keys under which the catalog stores its records. The first byte tells the kind.
final class Keys {
    static final Bytes SUMMARY = Bytes.utf8("a");
    static final byte CHILD = 'c';
    static final byte ENTRY = 'e';
    static final byte OPERATIONS = 'o';
    static final byte LOST_STORE = 'p';
    static final byte ANSWER = 'w';
    static final byte CONFLICT_COPY = 'x';
    /// Deleted entries by their last path.
    static final byte DELETED = 'd';
    /// Superseded records by entry.
    static final byte HISTORY = 'h';
    /// What is to be said of the current revision of an entry.
    static final byte LATEST = 'l';
    /// Entries that were released, as long as history remembers it.
    static final byte RELEASED = 'r';
    /// Superseded records in the order in which they were superseded.
    static final byte SUPERSEDED = 't';

    private static final int REVISION_BYTES = Long.BYTES + Integer.BYTES;

    private Keys() {}

    static Bytes entry(EntryId id) {
        return ofId(ENTRY, id);
    }

    static Bytes conflictCopy(EntryId id) {
        return ofId(CONFLICT_COPY, id);
    }

    static Bytes child(Slot slot) {
        Bytes name = slot.name().bytes();
        return Bytes.wrap(ByteBuffer.allocate(1 + Long.BYTES + name.size())
                .put(CHILD)
                .putLong(slot.parent().value())
                .put(name.unsafeArray())
                .array());
    }

    static Slot slot(Bytes childKey) {
        long parent = childKey.buffer().getLong(1);
        return new Slot(new EntryId(parent), new Name(childKey.slice(1 + Long.BYTES, childKey.size())));
    }

    /// Where the names of a directory begin.
    static Bytes firstChild(EntryId parent) {
        return ofId(CHILD, parent);
    }

    /// Where they end.
    static Bytes afterChildren(EntryId parent) {
        return ofId(CHILD, new EntryId(parent.value() + 1));
    }

    static Bytes operations(NodeId node) {
        return ofNode(OPERATIONS, node, 0);
    }

    static Bytes lostStore(NodeId node, StoreId store) {
        byte[] digits = store.value().getBytes(StandardCharsets.US_ASCII);
        byte[] key = ofNode(LOST_STORE, node, 1 + digits.length).unsafeArray();
        System.arraycopy(digits, 0, key, key.length - digits.length, digits.length);
        return Bytes.wrap(key);
    }

    static StoreId lostStore(Bytes key) {
        String text = new String(key.unsafeArray(), StandardCharsets.US_ASCII);
        return new StoreId(text.substring(text.indexOf(0) + 1));
    }

    /// Where the lost stores of a node begin: after its name and a zero byte.
    static Bytes firstLostStore(NodeId node) {
        return ofNode(LOST_STORE, node, 1);
    }

    /// Where they end.
    static Bytes afterLostStores(NodeId node) {
        byte[] key = ofNode(LOST_STORE, node, 1).unsafeArray();
        key[key.length - 1] = 1;
        return Bytes.wrap(key);
    }

    /// Answers share their keys with those a whole window later, which so take their place.
    static Bytes answer(NodeId node, long sequence) {
        byte[] key = ofNode(ANSWER, node, 2).unsafeArray();
        key[key.length - 1] = (byte) (sequence % Operations.WINDOW);
        return Bytes.wrap(key);
    }

    // --- history ---

    static Bytes released(EntryId id) {
        return ofId(RELEASED, id);
    }

    static Bytes latest(EntryId id) {
        return ofId(LATEST, id);
    }

    static Bytes history(EntryId id, Revision revision) {
        ByteBuffer key = ByteBuffer.allocate(1 + Long.BYTES + REVISION_BYTES);
        key.put(HISTORY).putLong(id.value());
        return Bytes.wrap(put(key, revision).array());
    }

    static Bytes firstHistory(EntryId id) {
        return ofId(HISTORY, id);
    }

    static Bytes afterHistory(EntryId id) {
        return ofId(HISTORY, new EntryId(id.value() + 1));
    }

    /// The entry and revision that a key of [#history] or [#superseded] ends with.
    static EntryId historyEntry(Bytes key) {
        return new EntryId(key.buffer().getLong(key.size() - REVISION_BYTES - Long.BYTES));
    }

    static Revision historyRevision(Bytes key) {
        return revision(key, key.size() - REVISION_BYTES);
    }

    static Bytes superseded(Revision by, EntryId id, Revision revision) {
        ByteBuffer key = ByteBuffer.allocate(1 + REVISION_BYTES + Long.BYTES + REVISION_BYTES);
        put(key.put(SUPERSEDED), by).putLong(id.value());
        return Bytes.wrap(put(key, revision).array());
    }

    static Bytes deleted(RelativePath path, Revision at, EntryId id) {
        Bytes first = firstDeleted(path);
        ByteBuffer key = ByteBuffer.allocate(first.size() + REVISION_BYTES + Long.BYTES);
        put(key.put(first.unsafeArray()), at).putLong(id.value());
        return Bytes.wrap(key.array());
    }

    /// Where the deleted entries of a path begin. No name holds a zero byte, so no other path's are among them.
    static Bytes firstDeleted(RelativePath path) {
        return deletedFrom(path, (byte) 0);
    }

    static Bytes afterDeleted(RelativePath path) {
        return deletedFrom(path, (byte) 1);
    }

    /// Where the deleted entries below a directory begin.
    static Bytes firstDeletedBelow(RelativePath directory) {
        return directory.isRoot() ? first(DELETED) : deletedFrom(directory, (byte) '/');
    }

    static Bytes afterDeletedBelow(RelativePath directory) {
        return directory.isRoot() ? after(DELETED) : deletedFrom(directory, (byte) ('/' + 1));
    }

    private static Bytes deletedFrom(RelativePath path, byte end) {
        Bytes slashed = path.toBytes();
        return Bytes.wrap(ByteBuffer.allocate(1 + slashed.size() + 1)
                .put(DELETED)
                .put(slashed.unsafeArray())
                .put(end)
                .array());
    }

    static RelativePath deletedPath(Bytes key) {
        return RelativePath.of(key.slice(1, key.size() - Long.BYTES - REVISION_BYTES - 1));
    }

    static Revision deletedAt(Bytes key) {
        return revision(key, key.size() - Long.BYTES - REVISION_BYTES);
    }

    private static ByteBuffer put(ByteBuffer key, Revision revision) {
        return key.putLong(revision.logIndex()).putInt(revision.position());
    }

    private static Revision revision(Bytes key, int at) {
        return new Revision(key.buffer().getLong(at), key.buffer().getInt(at + Long.BYTES));
    }

    // --- ranges and ids ---

    static Bytes first(byte kind) {
        return Bytes.wrap(new byte[] {kind});
    }

    static Bytes after(byte kind) {
        return Bytes.wrap(new byte[] {(byte) (kind + 1)});
    }

    static EntryId id(Bytes value) {
        return new EntryId(value.buffer().getLong(value.size() - Long.BYTES));
    }

    static Bytes value(EntryId id) {
        return Bytes.wrap(ByteBuffer.allocate(Long.BYTES).putLong(id.value()).array());
    }

    private static Bytes ofId(byte kind, EntryId id) {
        return Bytes.wrap(ByteBuffer.allocate(1 + Long.BYTES)
                .put(kind)
                .putLong(id.value())
                .array());
    }

    private static Bytes ofNode(byte kind, NodeId node, int moreBytes) {
        byte[] name = node.value().getBytes(StandardCharsets.US_ASCII);
        return Bytes.wrap(ByteBuffer.allocate(1 + name.length + moreBytes)
                .put(kind)
                .put(name)
                .array());
    }
}
