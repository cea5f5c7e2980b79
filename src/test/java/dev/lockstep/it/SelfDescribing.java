package dev.lockstep.it;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A content that says who wrote it, which version it is and how long it is, and ends in its own digest, so
/// that a
/// torn or mixed one is seen without knowing what was written when.
record SelfDescribing(String writer, int sequence, int length) {
    private static final Pattern HEADER = Pattern.compile("writer=([^ ]+) sequence=(\\d+) length=(\\d+)\n");
    private static final int HEADER_BYTES_MAX = 128;
    private static final int TRAILER_BYTES = 64;
    static final int LENGTH_MIN = HEADER_BYTES_MAX + TRAILER_BYTES;

    SelfDescribing {
        if (length < LENGTH_MIN) {
            throw new IllegalArgumentException("too short to describe itself: " + length);
        }
    }

    byte[] bytes() {
        byte[] all = new byte[length];
        new Random(writer.hashCode() * 31L + sequence).nextBytes(all);
        byte[] header = "writer=%s sequence=%d length=%d\n"
                .formatted(writer, sequence, length)
                .getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(header, 0, all, 0, header.length);
        byte[] body = Arrays.copyOf(all, length - TRAILER_BYTES);
        byte[] trailer = Sha256.of(body).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(trailer, 0, all, body.length, TRAILER_BYTES);
        return all;
    }

    /// Empty if the bytes are not exactly one version: a prefix, a mix, nothing, or foreign.
    static Optional<SelfDescribing> of(byte[] bytes) {
        if (bytes.length < LENGTH_MIN) {
            return Optional.empty();
        }
        String start = new String(bytes, 0, HEADER_BYTES_MAX, StandardCharsets.ISO_8859_1);
        Matcher header = HEADER.matcher(start);
        byte[] body = Arrays.copyOf(bytes, bytes.length - TRAILER_BYTES);
        String trailer = new String(bytes, body.length, TRAILER_BYTES, StandardCharsets.ISO_8859_1);
        if (!header.lookingAt()
                || !trailer.equals(Sha256.of(body))
                || Integer.parseInt(header.group(3)) != bytes.length) {
            return Optional.empty();
        }
        return Optional.of(new SelfDescribing(header.group(1), Integer.parseInt(header.group(2)), bytes.length));
    }
}
