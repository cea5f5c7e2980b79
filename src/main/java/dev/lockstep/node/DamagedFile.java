package dev.lockstep.node;

import java.io.IOException;
import java.nio.file.Path;

/// A small file of the state directory whose bytes are not those that were written.
final class DamagedFile extends IOException {
    private static final long serialVersionUID = 1;

    DamagedFile(Path file, String wayOut) {
        super("the file " + file + " is damaged: " + wayOut);
    }
}
