package dev.lockstep.model;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// The name of one entry in its directory: 1 to 255 bytes, whatever Linux allows. Bytes, not text: no
/// encoding is
/// assumed
/// and nothing is normalised.
///
/// @param bytes the name as the file system stores it
public record Name(Bytes bytes) implements Comparable<Name> {
    public static final int BYTES_MAX = 255;

    /// @throws IllegalArgumentException if Linux would not take the name, or it is `.` or `..`
    public Name {
        if (!isValid(bytes)) {
            throw new IllegalArgumentException("not a file name: " + Escaped.of(bytes));
        }
    }

    public static Name of(String text) {
        return new Name(Bytes.utf8(text));
    }

    public static boolean isValid(Bytes bytes) {
        int size = bytes.size();
        if (size == 0 || size > BYTES_MAX) {
            return false;
        }
        for (int i = 0; i < size; i++) {
            if (bytes.at(i) == 0 || bytes.at(i) == '/') {
                return false;
            }
        }
        boolean isDot = size == 1 && bytes.at(0) == '.';
        boolean isDotDot = size == 2 && bytes.at(0) == '.' && bytes.at(1) == '.';
        return !isDot && !isDotDot;
    }

    /// Whether the bytes are well-formed UTF-8.
    public boolean isUtf8() {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.unsafeArray()));
            return true;
        } catch (CharacterCodingException malformed) {
            return false;
        }
    }

    @Override
    public int compareTo(Name other) {
        return bytes.compareTo(other.bytes);
    }

    /// The name for people: text, with `\xNN` for bytes that are not printable text.
    @Override
    public String toString() {
        return Escaped.of(bytes);
    }
}
