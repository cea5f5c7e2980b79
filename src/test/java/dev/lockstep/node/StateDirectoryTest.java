package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One node at a time has a state directory and a folder; who has what another start wants is named.
final class StateDirectoryTest {
    private static final DurableFiles FILES = new DurableFiles();

    @TempDir
    private Path home;

    private NodeConfig config(String folder, String state) throws InvalidConfiguration {
        return new NodeConfig(
                new NodeId("node1"),
                home.resolve(folder),
                home.resolve(state),
                NodeConfig.parsePeers("node1=127.0.0.1:8001"),
                new Address("127.0.0.1", 0));
    }

    private static StateDirectory open(NodeConfig config) throws IOException, StartRefused {
        return StateDirectory.open(config, Machine.real(), FILES);
    }

    private static String here() {
        return "(pid " + ProcessHandle.current().pid() + ")";
    }

    @Test
    void stateIsPrivateAndSaysWhoRuns() throws Exception {
        NodeConfig config = config("f", "s");
        try (StateDirectory state = open(config)) {
            assertThat(Files.getPosixFilePermissions(state.path()))
                    .isEqualTo(PosixFilePermissions.fromString("rwx------"));
            assertThat(state.part("node.pid"))
                    .hasContent(Long.toString(ProcessHandle.current().pid()));
            state.announceApi("127.0.0.1:9001");
            assertThat(state.part("api")).hasContent("127.0.0.1:9001");
        }
    }

    @Test
    void secondNodeOnOneStateIsRefusedAndTheHolderNamed() throws Exception {
        StateDirectory first = open(config("f", "s"));
        assertThatThrownBy(() -> open(config("g", "s")))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("the state directory " + home.resolve("s") + " is in use by")
                .hasMessageContaining(here());
        first.close();
        open(config("f", "s")).close();
    }

    @Test
    void secondNodeOnOneFolderIsRefusedAndLeavesItsStateFree() throws Exception {
        StateDirectory first = open(config("f", "s"));
        Path link = Files.createSymbolicLink(home.resolve("link"), home.resolve("f"));
        for (String folder : new String[] {"f", link.getFileName().toString()}) {
            assertThatThrownBy(() -> open(config(folder, "other")))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("the folder " + home.resolve(folder) + " is in use by")
                    .hasMessageContaining(here());
        }
        first.close();
        open(config("f", "other")).close();
    }

    /// An unmounted or deleted folder is not made anew under a state that knows its files.
    @Test
    void folderOfKnownStateIsNotMadeAgain() throws Exception {
        NodeConfig config = config("f", "s");
        try (StateDirectory state = open(config)) {
            assertThat(state.nextStart()).isEqualTo(1);
        }
        Files.delete(config.folder());
        assertThatThrownBy(() -> open(config))
                .isInstanceOf(StartRefused.class)
                .hasMessageContaining("the folder " + config.folder() + " is gone")
                .hasMessageContaining("lockstep members replace node1");
        assertThat(config.folder()).doesNotExist();
    }

    @Test
    void everyStartHasTheNextIncarnation() throws Exception {
        for (int start = 1; start <= 3; start++) {
            try (StateDirectory state = open(config("f", "s"))) {
                assertThat(OwnStore.hasRun(state.path())).isEqualTo(start > 1);
                assertThat(state.nextStart()).isEqualTo(start);
            }
        }
    }

    @Test
    void damagedIncarnationIsNamed() throws Exception {
        try (StateDirectory state = open(config("f", "s"))) {
            Path file = state.part(StateDirectory.INCARNATION);
            Files.writeString(file, "seven");
            assertThatThrownBy(state::nextStart).isInstanceOf(IOException.class).hasMessageContaining(file.toString());
        }
    }

    @Test
    void fullDiskNamesTheFile() throws Exception {
        try (FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
            assertThatThrownBy(() -> DurableFiles.write(full, Bytes.utf8("x")))
                    .satisfies(failure -> assertThat(DurableFiles.named("write", home, (IOException) failure))
                            .hasMessage("cannot write " + home + ": No space left on device"));
        }
    }

    @Test
    void failedWriteNamesTheFileAndLeavesTheOldOne() throws Exception {
        Path file = home.resolve("file");
        FILES.write(file, Bytes.utf8("old"));
        Files.createDirectories(home.resolve("file.new/occupied"));
        assertThatThrownBy(() -> FILES.write(file, Bytes.utf8("new")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot write " + home.resolve("file.new"));
        assertThat(file).hasContent("old");
    }

    @Test
    void holderOfPortIsNamed() throws Exception {
        PortHolder ports = new PortHolder(Machine.real());
        int port;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = taken.getLocalPort();
            Address address = new Address("127.0.0.1", port);
            assertThatThrownBy(() -> ports.requireFree("HTTP", address))
                    .isInstanceOf(StartRefused.class)
                    .hasMessageContaining("HTTP port " + port)
                    .hasMessageContaining("java " + here())
                    .message()
                    .doesNotContain("\n");
            assertThat(ports.pid(port)).contains(ProcessHandle.current().pid());
            assertThat(taken.isClosed()).isFalse();
        }
        ports.requireFree("HTTP", new Address("127.0.0.1", port));
        assertThat(ports.pid(port)).isEmpty();
    }
}
