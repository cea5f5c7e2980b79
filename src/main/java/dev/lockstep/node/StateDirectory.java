package dev.lockstep.node;

import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/// A node's private directory, locked while the node runs, together with its folder. One thread.
final class StateDirectory implements AutoCloseable {
    static final String INCARNATION = "incarnation";
    private static final List<String> PARTS =
            List.of("raft", "catalog", "index", "staged", "history", "keys", "barrier");

    private final Path path;
    private final DurableFiles files;
    private final DirectoryLock stateLock;
    private final DirectoryLock folderLock;

    private StateDirectory(Path path, DurableFiles files, DirectoryLock stateLock, DirectoryLock folderLock) {
        this.path = path;
        this.files = files;
        this.stateLock = stateLock;
        this.folderLock = folderLock;
    }

    /// Makes what is missing and locks state directory and folder.
    ///
    /// @throws StartRefused if another node has one of the two, or the folder of this state is gone
    static StateDirectory open(NodeConfig config, Machine machine, DurableFiles files)
            throws IOException, StartRefused {
        boolean isFolderThere = Files.exists(config.folder());
        if (!isFolderThere && OwnStore.hasRun(config.state())) {
            throw new StartRefused("the folder " + config.folder() + " is gone, but the state directory "
                    + config.state() + " knows its files: mount it or bring it back; if it is lost, remove the state"
                    + " directory and run on a living node: lockstep members replace " + config.node());
        }
        make(config.folder());
        make(config.state());
        DirectoryLock stateLock = lock(config.state(), machine, "state directory", ": a node can run once only");
        try {
            Files.setPosixFilePermissions(config.state(), PosixFilePermissions.fromString("rwx------"));
            DirectoryLock folderLock =
                    lock(config.folder(), machine, "folder", ": give every node a folder of its own (--folder)");
            StateDirectory opened = new StateDirectory(config.state(), files, stateLock, folderLock);
            opened.prepare();
            return opened;
        } catch (IOException | StartRefused failed) {
            stateLock.close();
            throw failed;
        }
    }

    private static void make(Path directory) throws IOException {
        try {
            Files.createDirectories(directory);
        } catch (IOException failed) {
            throw DurableFiles.named("make the directory", directory, failed);
        }
    }

    private static DirectoryLock lock(Path directory, Machine machine, String what, String wayOut)
            throws IOException, StartRefused {
        Optional<DirectoryLock> lock = DirectoryLock.tryLock(directory);
        if (lock.isPresent()) {
            return lock.get();
        }
        String holder = machine.lockHolder(machine.spot(directory))
                .map(machine::program)
                .orElse("another node");
        throw new StartRefused("the " + what + " " + directory + " is in use by " + holder + wayOut);
    }

    private void prepare() throws IOException {
        try {
            for (String part : PARTS) {
                make(path.resolve(part));
            }
            files.write(
                    path.resolve("node.pid"), Bytes.utf8(ProcessHandle.current().pid() + "\n"));
        } catch (IOException failed) {
            folderLock.close();
            throw failed;
        }
    }

    Path part(String name) {
        return path.resolve(name);
    }

    Path path() {
        return path;
    }

    /// @param hasPlaced whether this store has taken part before
    /// @throws StartRefused if its starts are no longer counted: the cluster remembers what it did by that number
    void requireCounted(boolean hasPlaced) throws StartRefused {
        if (hasPlaced && !Files.exists(path.resolve(INCARNATION))) {
            throw new StartRefused("the file " + path.resolve(INCARNATION)
                    + " is missing: this store cannot go on; on a" + " living node: lockstep members replace NODE");
        }
    }

    /// Counts this start, from 1 on; durable on return.
    ///
    /// @throws DamagedFile if what was counted cannot be read
    long nextStart() throws IOException {
        long last = 0;
        Optional<String> counted = Identity.readChecked(path, INCARNATION);
        if (counted.isPresent()) {
            last = Long.parseLong(counted.get().strip());
        }
        Identity.writeChecked(files, path, INCARNATION, (last + 1) + "\n");
        FailPoint.reach("incarnation.counted");
        return last + 1;
    }

    /// Leaves the address of the API where commands on this machine find it.
    void announceApi(String address) throws IOException {
        files.write(path.resolve("api"), Bytes.utf8(address + "\n"));
    }

    @Override
    public void close() {
        folderLock.close();
        stateLock.close();
    }
}
