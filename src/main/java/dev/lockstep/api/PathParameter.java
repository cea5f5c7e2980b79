package dev.lockstep.api;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/// A path inside the folder as it stands in a URI: names joined by `/`, each of them percent-encoded bytes. Read
/// from what the client sent, before any server has decoded or resolved anything in it.
final class PathParameter {
    private static final int NAMES_MAX = 2048;

    private PathParameter() {}

    /// @param raw what follows the resource's name and a slash; empty for the folder itself
    /// @throws IllegalArgumentException for anything that is not one path inside the folder
    static RelativePath decode(String raw) {
        if (raw.isEmpty()) {
            return RelativePath.ROOT;
        }
        List<Name> names = new ArrayList<>();
        for (String part : raw.split("/", -1)) {
            Bytes bytes = bytes(part);
            if (!Name.isValid(bytes) || names.size() == NAMES_MAX) {
                throw malformed();
            }
            names.add(new Name(bytes));
        }
        return new RelativePath(names);
    }

    private static Bytes bytes(String part) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(part.length());
        for (int i = 0; i < part.length(); i++) {
            char each = part.charAt(i);
            if (each > 0x7e || each <= ' ') {
                throw malformed();
            }
            if (each != '%') {
                bytes.write(each);
                continue;
            }
            if (i + 2 >= part.length()) {
                throw malformed();
            }
            int high = Character.digit(part.charAt(i + 1), 16);
            int low = Character.digit(part.charAt(i + 2), 16);
            if (high < 0 || low < 0) {
                throw malformed();
            }
            bytes.write(high << 4 | low);
            i += 2;
        }
        return Bytes.wrap(bytes.toByteArray());
    }

    private static IllegalArgumentException malformed() {
        return new IllegalArgumentException("not a path inside the folder: write its names, percent-encoded, with one"
                + " / between them; none of them empty, '.', '..' or longer than " + Name.BYTES_MAX
                + " bytes, or with a slash or zero byte in it");
    }
}
