package dev.lockstep.it;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// File names as bytes. Percent-encoding is the one spelling of a name that loses none of them, whatever the
/// locale.
final class RawName {
    private RawName() {}

    /// @param parent an existing directory
    static Path under(Path parent, byte[] name) {
        String start = parent.toUri().getRawPath();
        String separator = start.endsWith("/") ? "" : "/";
        return Path.of(URI.create("file://" + start + separator + percent(name)));
    }

    static Path under(Path parent, String name) {
        return under(parent, name.getBytes(StandardCharsets.UTF_8));
    }

    /// The path below a root, percent-encoded, `/` between names.
    static String of(Path root, Path path) {
        String start = withoutSlash(root.toUri().getRawPath());
        return withoutSlash(path.toUri().getRawPath()).substring(start.length() + 1);
    }

    /// What [#of] says of a path made of these names.
    static String spelled(String... names) {
        Path root = Path.of("/");
        Path path = root;
        for (String name : names) {
            path = under(path, name);
        }
        return withoutSlash(path.toUri().getRawPath()).substring(1);
    }

    private static String withoutSlash(String path) {
        return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    private static String percent(byte[] name) {
        StringBuilder out = new StringBuilder(name.length * 3);
        for (byte b : name) {
            out.append('%')
                    .append(Character.toUpperCase(Character.forDigit(b >> 4 & 0xf, 16)))
                    .append(Character.toUpperCase(Character.forDigit(b & 0xf, 16)));
        }
        return out.toString();
    }
}
