package dev.lockstep.node;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/// A node's private directory, locked while the node runs, together with its folder. One thread.
final class StateDirectory implements AutoCloseable {
    private static final List<String> PARTS =
            List.of("raft", "catalog", "index", "staged", "history", "keys", "barrier");

    private final Path path;
    private final DirectoryLock stateLock;
    private final DirectoryLock folderLock;

    private StateDirectory(Path path, DirectoryLock stateLock, DirectoryLock folderLock) {
        this.path = path;
        this.stateLock = stateLock;
        this.folderLock = folderLock;
    }

    /// Makes what is missing and locks state directory and folder.
    ///
    /// @throws StartRefused if another node has one of the two
    static StateDirectory open(NodeConfig config) throws IOException, StartRefused {
        Files.createDirectories(config.folder());
        Files.createDirectories(config.state());
        Files.setPosixFilePermissions(config.state(), PosixFilePermissions.fromString("rwx------"));
        DirectoryLock stateLock = DirectoryLock.tryLock(config.state())
                .orElseThrow(() -> new StartRefused("the state directory " + config.state() + " is in use by "
                        + holder(config.state()) + ": a node can run once only"));
        Optional<DirectoryLock> folderLock = DirectoryLock.tryLock(config.folder());
        if (folderLock.isEmpty()) {
            stateLock.close();
            throw new StartRefused("the folder " + config.folder()
                    + " is in use by another node: give every node a folder of its own (--folder)");
        }
        for (String part : PARTS) {
            Files.createDirectories(config.state().resolve(part));
        }
        Files.writeString(
                config.state().resolve("node.pid"), ProcessHandle.current().pid() + "\n", StandardCharsets.UTF_8);
        return new StateDirectory(config.state(), stateLock, folderLock.get());
    }

    private static String holder(Path state) {
        try {
            return "process " + Files.readString(state.resolve("node.pid")).strip();
        } catch (IOException unknown) {
            return "another process";
        }
    }

    Path part(String name) {
        return path.resolve(name);
    }

    Path path() {
        return path;
    }

    /// Counts this start, from 1 on; durable on return.
    long nextStart() throws IOException {
        Path file = path.resolve("incarnation");
        long last = 0;
        if (Files.exists(file)) {
            try {
                last = Long.parseLong(Files.readString(file).strip());
            } catch (NumberFormatException damaged) {
                throw new IOException(
                        "the file " + file + " is damaged; this store cannot go on: lockstep members replace", damaged);
            }
        }
        Path staged = path.resolve("incarnation.new");
        DurableFile.stage(staged, dev.lockstep.model.Bytes.utf8((last + 1) + "\n"), "rw-------");
        Files.move(staged, file, StandardCopyOption.ATOMIC_MOVE);
        DurableFile.force(path);
        return last + 1;
    }

    /// Leaves the address of the API where commands on this machine find it.
    void announceApi(String address) throws IOException {
        Files.writeString(path.resolve("api"), address + "\n", StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        folderLock.close();
        stateLock.close();
    }
}
