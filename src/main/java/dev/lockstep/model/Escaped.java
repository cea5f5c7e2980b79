package dev.lockstep.model;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// Names as people read them: UTF-8 text as it is, `\xNN` for bytes that are not UTF-8, for control
/// characters, and for
/// the
/// backslash itself, so that two names never look the same.
public final class Escaped {
    private Escaped() {}

    public static String of(Bytes bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes.unsafeArray());
        StringBuilder out = new StringBuilder(bytes.size());
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        while (in.hasRemaining()) {
            CharBuffer text = CharBuffer.allocate(in.remaining());
            var result = decoder.reset().decode(in, text, true);
            text.flip().codePoints().forEach(point -> append(out, point));
            for (int bad = result.isError() ? result.length() : 0; bad > 0; bad--) {
                hex(out, in.get() & 0xff);
            }
        }
        return out.toString();
    }

    private static void append(StringBuilder out, int point) {
        if (point == '\\' || Character.getType(point) == Character.CONTROL) {
            hex(out, point);
        } else {
            out.appendCodePoint(point);
        }
    }

    private static void hex(StringBuilder out, int value) {
        out.append("\\x").append(Character.forDigit(value >> 4 & 0xf, 16)).append(Character.forDigit(value & 0xf, 16));
    }
}
