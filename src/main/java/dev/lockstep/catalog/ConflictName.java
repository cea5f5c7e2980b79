package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.ConflictMark;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// The name of a conflict copy: `stem (conflict node1 1a2b3c4d).ext`, computed from the name that was wanted,
/// the node
/// that lost it and the content. A name that is one already has its mark replaced, so that names do not grow.
///
/// @param wanted      the name that could not be given
/// @param node        whose proposal made the conflict
/// @param fingerprint tells contents apart
record ConflictName(Name wanted, NodeId node, Digest fingerprint) {
    /// @param attempt 1 for the plain name, then counting up
    Name name(long attempt) {
        ConflictMark.Parts parts = ConflictMark.parts(wanted);
        byte[] start = parts.stem().getBytes(StandardCharsets.ISO_8859_1);
        byte[] end =
                (ConflictMark.of(node, fingerprint, attempt) + parts.extension()).getBytes(StandardCharsets.ISO_8859_1);
        byte[] kept = cut(start, Name.BYTES_MAX - end.length);
        byte[] all = Arrays.copyOf(kept, kept.length + end.length);
        System.arraycopy(end, 0, all, kept.length, end.length);
        return new Name(Bytes.wrap(all));
    }

    private byte[] cut(byte[] stem, int bytesMax) {
        if (stem.length <= bytesMax) {
            return stem;
        }
        int end = bytesMax;
        // 10xxxxxx continues a character: it must not lose its beginning.
        while (wanted.isUtf8() && end > 0 && (stem[end] & 0xc0) == 0x80) {
            end--;
        }
        return Arrays.copyOf(stem, end);
    }
}
