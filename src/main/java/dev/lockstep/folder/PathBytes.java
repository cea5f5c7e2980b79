package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The bytes of a [Path]: its text may not hold them all, its percent-encoded form does.
final class PathBytes {
    private PathBytes() {}

    static Bytes of(Path absolute) {
        byte[] encoded = absolute.toUri().getRawPath().getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream raw = new ByteArrayOutputStream(encoded.length);
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] == '%') {
                raw.write(Character.digit(encoded[i + 1], 16) << 4 | Character.digit(encoded[i + 2], 16));
                i += 2;
            } else {
                raw.write(encoded[i]);
            }
        }
        return Bytes.wrap(raw.toByteArray());
    }
}
