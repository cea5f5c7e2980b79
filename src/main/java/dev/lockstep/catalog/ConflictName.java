package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The name of a conflict copy: `stem (conflict node1 1a2b3c4d).ext`, computed from the name that was wanted,
/// the node
/// that lost it and the content. A name that is one already has its mark replaced, so that names do not grow.
///
/// @param wanted      the name that could not be given
/// @param node        whose proposal made the conflict
/// @param fingerprint tells contents apart
record ConflictName(Name wanted, NodeId node, Digest fingerprint) {
    /// A longer last part of a name is not what people call an extension.
    private static final int EXTENSION_BYTES_MAX = 16;

    private static final int FINGERPRINT_DIGITS = 8;
    private static final Pattern MARK =
            Pattern.compile(" \\(conflict [a-z0-9][a-z0-9._-]{0,62} [0-9a-f]{8}( [0-9]{1,19})?\\)$");
    private static final Pattern EXTENSION = Pattern.compile("(?<=.)\\.[^. ()]*$", Pattern.DOTALL);

    /// @param attempt 1 for the plain name, then counting up
    Name name(long attempt) {
        // Latin-1 maps bytes to characters one to one.
        String whole = new String(wanted.bytes().unsafeArray(), StandardCharsets.ISO_8859_1);
        String bare = MARK.matcher(whole).replaceFirst("");
        String extension = bare.equals(whole) ? extension(whole) : "";
        String stem = bare.substring(0, bare.length() - extension.length());
        String mark = mark(attempt);
        byte[] start = MARK.matcher(stem).replaceFirst("").getBytes(StandardCharsets.ISO_8859_1);
        byte[] end = (mark + extension).getBytes(StandardCharsets.ISO_8859_1);
        byte[] kept = cut(start, Name.BYTES_MAX - end.length);
        byte[] all = Arrays.copyOf(kept, kept.length + end.length);
        System.arraycopy(end, 0, all, kept.length, end.length);
        return new Name(Bytes.wrap(all));
    }

    private String mark(long attempt) {
        String digits = fingerprint.toString().substring(2, 2 + FINGERPRINT_DIGITS);
        String count = attempt == 1 ? "" : " " + attempt;
        return " (conflict " + node + " " + digits + count + ")";
    }

    private static String extension(String whole) {
        Matcher matcher = EXTENSION.matcher(whole);
        boolean isExtension = matcher.find() && whole.length() - matcher.start() <= EXTENSION_BYTES_MAX;
        return isExtension ? matcher.group() : "";
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
