package dev.lockstep.model;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What tells the name of a conflict copy from the name that was wanted: ` (conflict node1 1a2b3c4d)` before the
/// extension, with a number behind if there are several.
public final class ConflictMark {
    private static final int FINGERPRINT_DIGITS = 8;
    /// A longer last part of a name is not what people call an extension.
    private static final int EXTENSION_BYTES_MAX = 16;

    private static final String BEGINNING = " (conflict ";
    private static final Pattern MARK =
            Pattern.compile(" \\(conflict [a-z0-9][a-z0-9._-]{0,62} [0-9a-f]{8}( [0-9]{1,19})?\\)$");
    private static final Pattern EXTENSION = Pattern.compile("(?<=.)\\.[^. ()]*$", Pattern.DOTALL);

    private ConflictMark() {}

    /// @param count 1 for the plain mark
    public static String of(NodeId node, Digest fingerprint, long count) {
        String digits = fingerprint.toString().substring(2, 2 + FINGERPRINT_DIGITS);
        return BEGINNING + node + " " + digits + (count == 1 ? "" : " " + count) + ")";
    }

    /// A name taken apart; characters are bytes.
    ///
    /// @param stem      all before the mark and the extension
    /// @param extension with its dot, or empty
    public record Parts(String stem, String extension) {}

    /// A name with two marks loses the last one alone.
    public static Parts parts(Name name) {
        String whole = latin(name.bytes());
        String bare = MARK.matcher(whole).replaceFirst("");
        String extension = bare.equals(whole) ? extension(whole) : "";
        String stem = bare.substring(0, bare.length() - extension.length());
        return new Parts(MARK.matcher(stem).replaceFirst(""), extension);
    }

    /// The name that a conflict copy was to have, any other name as it is; characters are bytes. Of a name that was cut
    /// to make room for the mark, what is left of it.
    public static String wanted(Name name) {
        String whole = latin(name.bytes());
        if (!whole.contains(BEGINNING)) {
            return whole;
        }
        Parts parts = parts(name);
        String wanted = parts.stem() + parts.extension();
        return wanted.isEmpty() ? whole : wanted;
    }

    /// Latin-1 maps bytes to characters one to one.
    private static String latin(Bytes name) {
        return new String(name.unsafeArray(), StandardCharsets.ISO_8859_1);
    }

    private static String extension(String whole) {
        Matcher matcher = EXTENSION.matcher(whole);
        boolean isExtension = matcher.find() && whole.length() - matcher.start() <= EXTENSION_BYTES_MAX;
        return isExtension ? matcher.group() : "";
    }
}
