package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import java.nio.ByteBuffer;
import java.security.MessageDigest;

/// The digest of a set of entries, kept up to date one entry at a time: the sum modulo 2^256 of the SHA-256
/// of each
/// (an additive multiset hash as in Bellare and Micciancio, "A New Paradigm for Collision-free Hashing",
/// 1997, AdHash).
/// It finds nodes that differ by mistake; it is no proof against somebody who chooses the entries. Not
/// thread-safe.
///
/// An entry counts with id, parent, name, content, attributes and revision.
public final class TreeDigest {
    private static final int SUM_BYTES = 32;
    private static final int FIXED_BYTES = 8 + 8 + 4 + 1 + 4 + 8 + 8 + 4;
    private static final int FILE_BYTES = SUM_BYTES + 1 + 8;

    private final byte[] sum = new byte[SUM_BYTES];

    /// Of no entries.
    public TreeDigest() {}

    /// Of the entries that `digest` was taken of.
    public TreeDigest(Digest digest) {
        System.arraycopy(digest.bytes().unsafeArray(), 1, sum, 0, SUM_BYTES);
    }

    public void add(Entry entry) {
        byte[] term = hash(entry);
        int carry = 0;
        for (int i = SUM_BYTES - 1; i >= 0; i--) {
            int total = (sum[i] & 0xff) + (term[i] & 0xff) + carry;
            sum[i] = (byte) total;
            carry = total >>> 8;
        }
    }

    /// Undoes [#add] of an equal entry.
    public void remove(Entry entry) {
        byte[] term = hash(entry);
        int borrow = 0;
        for (int i = SUM_BYTES - 1; i >= 0; i--) {
            int total = (sum[i] & 0xff) - (term[i] & 0xff) - borrow;
            sum[i] = (byte) total;
            borrow = total < 0 ? 1 : 0;
        }
    }

    public Digest toDigest() {
        byte[] tagged = new byte[SUM_BYTES + 1];
        tagged[0] = 1;
        System.arraycopy(sum, 0, tagged, 1, SUM_BYTES);
        return new Digest(Bytes.wrap(tagged));
    }

    private static byte[] hash(Entry entry) {
        MessageDigest digester = Digest.digester();
        digester.update(canonical(entry));
        return digester.digest();
    }

    private static ByteBuffer canonical(Entry entry) {
        Bytes name = entry.name().bytes();
        ByteBuffer out = ByteBuffer.allocate(FIXED_BYTES + name.size() + contentBytes(entry.content()));
        out.putLong(entry.id().value()).putLong(entry.parent().value());
        out.putInt(name.size()).put(name.unsafeArray());
        switch (entry.content()) {
            case Content.File(Digest digest, long sizeBytes) ->
                out.put((byte) 1).put(digest.bytes().unsafeArray()).putLong(sizeBytes);
            case Content.Directory() -> out.put((byte) 2);
            case Content.Symlink(Bytes target) ->
                out.put((byte) 3).putInt(target.size()).put(target.unsafeArray());
        }
        out.putInt(entry.attributes().mode()).putLong(entry.attributes().mtimeNanos());
        out.putLong(entry.revision().logIndex()).putInt(entry.revision().position());
        return out.flip();
    }

    private static int contentBytes(Content content) {
        return switch (content) {
            case Content.File(Digest _, long _) -> FILE_BYTES;
            case Content.Directory() -> 0;
            case Content.Symlink(Bytes target) -> Integer.BYTES + target.size();
        };
    }

    @Override
    public String toString() {
        return toDigest().toString();
    }

    /// The digest of an empty tree.
    static Digest empty() {
        return new TreeDigest().toDigest();
    }
}
