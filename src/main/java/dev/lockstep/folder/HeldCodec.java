package dev.lockstep.folder;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Revision;
import java.nio.ByteBuffer;

/// The folder index's records as bytes. Private to this node: a format that changes is read by nobody else.
final class HeldCodec {
    private static final byte FILE = 1;
    private static final byte DIRECTORY = 2;
    private static final byte SYMLINK = 3;
    private static final byte SPECIAL = 4;
    private static final int FIXED_BYTES = 192;

    private HeldCodec() {}

    static byte[] encode(Held held) {
        Entry entry = held.entry();
        Bytes content = contentBytes(entry.content());
        ByteBuffer out = ByteBuffer.allocate(FIXED_BYTES + content.size() + Name.BYTES_MAX);
        out.putLong(entry.id().value()).putLong(entry.parent().value());
        put(out, entry.name().bytes());
        out.put(tag(entry.content()));
        put(out, content);
        out.putLong(entry.content() instanceof Content.File file ? file.sizeBytes() : 0);
        out.putInt(entry.attributes().mode()).putLong(entry.attributes().mtimeNanos());
        put(out, entry.revision());
        put(out, entry.changed());
        out.put((byte) (entry.isConflictCopy() ? 1 : 0));
        Stamp stamp = held.stamp();
        out.put(kindTag(stamp.kind())).putLong(stamp.device()).putLong(stamp.inode());
        out.putLong(stamp.birthNanos()).putLong(stamp.sizeBytes());
        out.putLong(stamp.mtimeNanos()).putLong(stamp.ctimeNanos());
        out.putInt(stamp.mode()).putInt(stamp.links()).putInt(stamp.owner());
        out.put((byte) (held.isSettled() ? 1 : 0));
        byte[] encoded = new byte[out.position()];
        out.flip().get(encoded);
        return encoded;
    }

    static Held decode(byte[] encoded) {
        ByteBuffer in = ByteBuffer.wrap(encoded);
        EntryId id = new EntryId(in.getLong());
        EntryId parent = new EntryId(in.getLong());
        Name name = new Name(bytes(in));
        byte tag = in.get();
        Bytes contentBytes = bytes(in);
        long sizeBytes = in.getLong();
        Content content = switch (tag) {
            case FILE -> new Content.File(new Digest(contentBytes), sizeBytes);
            case DIRECTORY -> new Content.Directory();
            case SYMLINK -> new Content.Symlink(contentBytes);
            default -> throw new IllegalStateException("folder index: unknown kind of entry " + tag);
        };
        Attributes attributes = new Attributes(in.getInt(), in.getLong());
        Revision revision = revision(in);
        Revision changed = revision(in);
        boolean isConflictCopy = in.get() == 1;
        Entry entry = new Entry(id, parent, name, content, attributes, revision, changed, isConflictCopy);
        Stamp stamp = stamp(in);
        // Older records end here.
        return new Held(entry, stamp, in.hasRemaining() && in.get() == 1);
    }

    private static Stamp stamp(ByteBuffer in) {
        Kind kind = kind(in.get());
        long device = in.getLong();
        long inode = in.getLong();
        long birthNanos = in.getLong();
        long sizeBytes = in.getLong();
        long mtimeNanos = in.getLong();
        long ctimeNanos = in.getLong();
        return new Stamp(
                kind,
                device,
                inode,
                birthNanos,
                sizeBytes,
                mtimeNanos,
                ctimeNanos,
                in.getInt(),
                in.getInt(),
                in.getInt());
    }

    private static byte kindTag(Kind kind) {
        return switch (kind) {
            case FILE -> FILE;
            case DIRECTORY -> DIRECTORY;
            case SYMLINK -> SYMLINK;
            case SPECIAL -> SPECIAL;
        };
    }

    private static Kind kind(byte tag) {
        return switch (tag) {
            case FILE -> Kind.FILE;
            case DIRECTORY -> Kind.DIRECTORY;
            case SYMLINK -> Kind.SYMLINK;
            default -> Kind.SPECIAL;
        };
    }

    private static byte tag(Content content) {
        return switch (content) {
            case Content.File file -> FILE;
            case Content.Directory directory -> DIRECTORY;
            case Content.Symlink symlink -> SYMLINK;
        };
    }

    private static Bytes contentBytes(Content content) {
        return switch (content) {
            case Content.File file -> file.digest().bytes();
            case Content.Directory directory -> Bytes.EMPTY;
            case Content.Symlink symlink -> symlink.target();
        };
    }

    private static void put(ByteBuffer out, Bytes bytes) {
        out.putShort((short) bytes.size()).put(bytes.unsafeArray());
    }

    private static Bytes bytes(ByteBuffer in) {
        byte[] array = new byte[in.getShort()];
        in.get(array);
        return Bytes.wrap(array);
    }

    private static void put(ByteBuffer out, Revision revision) {
        out.putLong(revision.logIndex()).putInt(revision.position());
    }

    private static Revision revision(ByteBuffer in) {
        return new Revision(in.getLong(), in.getInt());
    }
}
