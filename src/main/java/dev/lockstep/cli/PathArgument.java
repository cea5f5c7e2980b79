package dev.lockstep.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `PATH` or `PATH@REV` as people type it: relative to the folder, with `\xNN` for single bytes as all commands
/// print them. A trailing `@` ends a path that itself looks like one with a revision.
///
/// @param uri      the path, percent-encoded
/// @param revision empty if none was given
record PathArgument(String uri, Optional<String> revision) {
    private static final Pattern WITH_REVISION = Pattern.compile("(.*)@(\\d+\\.\\d+)", Pattern.DOTALL);
    private static final String PLAIN = "-._~/";

    static PathArgument parse(String text) {
        Matcher matcher = WITH_REVISION.matcher(text);
        if (matcher.matches()) {
            return new PathArgument(encode(matcher.group(1)), Optional.of(matcher.group(2)));
        }
        String path = text.endsWith("@") ? text.substring(0, text.length() - 1) : text;
        return new PathArgument(encode(path), Optional.empty());
    }

    /// A path that no revision can follow.
    static String encode(String path) {
        StringBuilder uri = new StringBuilder();
        for (byte each : bytes(path)) {
            int value = each & 0xff;
            boolean isPlain = value < 0x80 && (Character.isLetterOrDigit(value) || PLAIN.indexOf(value) >= 0);
            if (isPlain) {
                uri.append((char) value);
            } else {
                uri.append('%').append(digit(value >> 4)).append(digit(value & 0xf));
            }
        }
        return uri.toString();
    }

    private static char digit(int value) {
        return Character.toUpperCase(Character.forDigit(value, 16));
    }

    private static byte[] bytes(String path) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int at = 0;
        while (at < path.length()) {
            int code = escaped(path, at);
            if (code >= 0) {
                bytes.write(code);
                at += 4;
            } else {
                int point = path.codePointAt(at);
                bytes.writeBytes(Character.toString(point).getBytes(StandardCharsets.UTF_8));
                at += Character.charCount(point);
            }
        }
        return bytes.toByteArray();
    }

    /// @return the byte that `\xNN` at this place stands for, -1 if there is none
    private static int escaped(String path, int at) {
        if (at + 4 > path.length() || path.charAt(at) != '\\' || path.charAt(at + 1) != 'x') {
            return -1;
        }
        int high = Character.digit(path.charAt(at + 2), 16);
        int low = Character.digit(path.charAt(at + 3), 16);
        return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    /// The query that asks for the revision and, if `isLocal`, for what the node itself knows.
    String query(boolean isLocal) {
        String asked = revision.map(value -> "revision=" + value).orElse("");
        String local = isLocal ? "consistency=local" : "";
        String joined = asked + (asked.isEmpty() || local.isEmpty() ? "" : "&") + local;
        return joined.isEmpty() ? "" : "?" + joined;
    }
}
