package dev.lockstep.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// Two small files in the state directories' parent, which the scripts read and write too: with how many nodes and
/// which ports a data directory was made, and the process that runs it now.
final class DemoRecord {
    private static final String CLUSTER = "cluster";
    private static final String PID = "demo.pid";

    private DemoRecord() {}

    /// Remembers the first demo's numbers; later ones must be the same, as a cluster knows its members by their ports.
    ///
    /// @throws IOException if they are not, with the way out
    static void claim(Path data, int nodes, int raftPort, int httpPort) throws IOException {
        Path states = data.resolve(".lockstep");
        Path cluster = states.resolve(CLUSTER);
        List<String> due = List.of("nodes=" + nodes, "raftPort=" + raftPort, "httpPort=" + httpPort);
        try {
            Files.createDirectories(states);
            Files.setPosixFilePermissions(states, PosixFilePermissions.fromString("rwx------"));
            if (!Files.exists(cluster)) {
                Files.write(cluster, due);
            }
            List<String> made = Files.readAllLines(cluster);
            if (!made.equals(due)) {
                throw new IOException(data + " holds a cluster with " + String.join(", ", made) + ", not with "
                        + String.join(", ", due) + ": give the same options as the first time, or another --data");
            }
            Files.writeString(states.resolve(PID), ProcessHandle.current().pid() + "\n");
        } catch (java.nio.file.FileSystemException failed) {
            throw new IOException("cannot write in " + states + ": " + failed.getMessage(), failed);
        }
    }

    static void release(Path data) {
        try {
            Files.deleteIfExists(data.resolve(".lockstep").resolve(PID));
        } catch (IOException left) {
            // Readers look whether the process lives, and is a demo.
        }
    }
}
