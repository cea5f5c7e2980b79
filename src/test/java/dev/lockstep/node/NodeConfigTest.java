package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.lockstep.model.Address;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every mistake in what the administrator asked for is one line that names it, and leaves the disk as it was.
final class NodeConfigTest {
    private static final String TWO = "node1=127.0.0.1:8001,node2=127.0.0.1:8002";
    private static final Address HTTP = new Address("127.0.0.1", 9001);
    private static final Machine MACHINE = Machine.real();

    @TempDir
    private Path home;

    private NodeConfig config(Path folder, Path state) throws InvalidConfiguration {
        return new NodeConfig(new NodeId("node1"), folder, state, NodeConfig.parsePeers(TWO), HTTP);
    }

    private String refusal(NodeConfig config) throws IOException {
        Set<String> before = names();
        Throwable refused = catchThrowable(() -> config.check(MACHINE));
        assertThat(refused).isInstanceOf(InvalidConfiguration.class);
        assertThat(names()).isEqualTo(before);
        String line = String.valueOf(refused.getMessage());
        assertThat(line).doesNotContain("\n");
        return line;
    }

    private Set<String> names() throws IOException {
        try (Stream<Path> all = Files.walk(home)) {
            Set<String> names = new TreeSet<>();
            all.forEach(path -> names.add(path.toString()));
            return names;
        }
    }

    private String refusalOfPeers(String peers) throws IOException, InvalidConfiguration {
        return refusal(new NodeConfig(
                new NodeId("node1"), home.resolve("f"), home.resolve("s"), NodeConfig.parsePeers(peers), HTTP));
    }

    @Test
    void soundConfigurationPasses() throws Exception {
        NodeConfig config = config(home.resolve("f"), home.resolve("s"));
        config.check(MACHINE);
        Files.createDirectories(config.folder());
        Files.createDirectories(config.state());
        config.check(MACHINE);
        assertThat(config.address()).isEqualTo(new Address("127.0.0.1", 8001));
    }

    @Test
    void peersAreReadAndWrittenAlike() throws Exception {
        SortedMap<NodeId, Address> peers = NodeConfig.parsePeers(" node2=[::1]:8002 , node1=localhost:8001");
        assertThat(NodeConfig.text(peers)).isEqualTo("node1=localhost:8001,node2=[::1]:8002");
        assertThat(NodeConfig.parsePeers(NodeConfig.text(peers))).isEqualTo(peers);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "node1",
                "node1=",
                "node1=127.0.0.1",
                "node1=127.0.0.1:",
                "node1=127.0.0.1:x",
                "node1=:8001",
                "node1=127.0.0.1:65536",
                "node1=127.0.0.1:123456",
                "=127.0.0.1:8001",
                "Node1=127.0.0.1:8001",
                "../n=127.0.0.1:8001",
                "node1=127.0.0.1:8001,",
                "node1=127.0.0.1:8001;node2=127.0.0.1:8002"
            })
    void malformedPeerIsNamed(String peers) {
        assertThatThrownBy(() -> NodeConfig.parsePeers(peers))
                .isInstanceOf(InvalidConfiguration.class)
                .hasMessageContaining("not a peer: '")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void missingPeersAreExplained() {
        assertThatThrownBy(() -> NodeConfig.parsePeers(null)).hasMessageContaining("--peers node1=");
        assertThatThrownBy(() -> NodeConfig.parsePeers(" ")).hasMessageContaining("--peers node1=");
    }

    @Test
    void peersMustListThisNodeAndEachNodeOnce() throws Exception {
        assertThat(refusalOfPeers("node2=127.0.0.1:8002")).contains("does not list this node, node1", "node2", "--id");
        assertThatThrownBy(() -> NodeConfig.parsePeers("node1=127.0.0.1:8001,node1=127.0.0.1:8002"))
                .hasMessageContaining("lists node1 twice");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "node1=127.0.0.1:8001,node2=127.0.0.1:8001",
                "node1=127.0.0.1:8001,node2=localhost:8001",
                "node1=127.0.0.1:9001",
                "node1=localhost:9001"
            })
    void everyAddressIsUsedOnce(String peers) throws Exception {
        assertThat(refusalOfPeers(peers)).containsAnyOf("to two nodes", "is also the address of a peer");
    }

    @Test
    void portZeroIsNoPeersPort() throws Exception {
        assertThat(refusalOfPeers("node1=127.0.0.1:0")).contains("address of node1", "port 0");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "192.0.2.1",
                "0.0.0.0",
                "::",
                "example.com",
                "127.0.0.1.example.com",
                "127.1",
                "127.0.0.256",
                "localhost.example.com",
                "fe80::1"
            })
    void addressBeyondLoopbackIsRefused(String host) throws Exception {
        Address address = new Address(host, 8001);
        assertThat(refusalOfPeers("node1=" + address)).contains(host, "mutual TLS");
        NodeConfig http = new NodeConfig(
                new NodeId("node1"), home.resolve("f"), home.resolve("s"), NodeConfig.parsePeers(TWO), address);
        assertThat(refusal(http)).contains("the HTTP address", host);
    }

    @Test
    void folderAndStateNestedInEachOtherAreRefused() throws Exception {
        Path folder = home.resolve("f");
        assertThat(refusal(config(folder, folder))).contains("are both " + folder);
        assertThat(refusal(config(folder, folder.resolve("s")))).contains("lies inside the folder", "--state");
        assertThat(refusal(config(folder.resolve("x"), folder))).contains("lies inside the state directory");
        Path real = Files.createDirectories(home.resolve("real"));
        Path link = Files.createSymbolicLink(home.resolve("link"), real);
        assertThat(refusal(config(real, link.resolve("s")))).contains("lies inside the folder");
    }

    @Test
    void folderThatIsNoDirectoryIsRefused() throws Exception {
        Path file = Files.writeString(home.resolve("file"), "kept");
        Path dangling = Files.createSymbolicLink(home.resolve("dangling"), home.resolve("nowhere"));
        Path loop = Files.createSymbolicLink(home.resolve("loop"), home.resolve("loop"));
        Path state = home.resolve("s");
        assertThat(refusal(config(file, state))).contains("the folder " + file, "not a directory");
        assertThat(refusal(config(file.resolve("below"), state))).contains(file.toString());
        assertThat(refusal(config(dangling, state))).contains(dangling.toString(), "correct it");
        assertThat(refusal(config(loop, state))).contains(loop.toString());
        assertThat(refusal(config(home.resolve("f"), file))).contains("the state directory " + file);
        assertThat(file).hasContent("kept");
    }

    @Test
    void folderInOrAroundOtherNodesFilesIsRefused() throws Exception {
        Path outer = Files.createDirectories(home.resolve("outer"));
        Files.writeString(outer.resolve(FolderMarker.NAME), "a marker");
        assertThat(refusal(config(outer.resolve("inner"), home.resolve("s"))))
                .contains("lies inside " + outer, "another node");
        Path data = home.resolve("data");
        Files.createDirectories(data.resolve(".lockstep").resolve("node1"));
        assertThat(refusal(config(data, home.resolve("s")))).contains("holds a directory .lockstep");
    }

    @Test
    void rootIsNoFolder() throws Exception {
        assertThatThrownBy(() -> NodeConfig.defaultState(Path.of("/"))).hasMessageContaining("cannot be /");
        assertThat(refusal(config(Path.of("/"), home.resolve("s")))).contains("cannot be /");
    }

    @Test
    void localeThatWritesNamesAnotherWayIsRefused() throws Exception {
        NodeConfig config = config(home.resolve("f"), home.resolve("s"));
        assertThatThrownBy(() -> config.check(new Machine(Path.of("/proc"), "ANSI_X3.4-1968")))
                .isInstanceOf(InvalidConfiguration.class)
                .hasMessageContaining("ANSI_X3.4-1968")
                .hasMessageContaining("LC_ALL=C.UTF-8");
    }
}
