package dev.lockstep.node;

import dev.lockstep.model.Address;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.Retention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What the administrator asked for.
///
/// @param node   this node's name
/// @param folder the replicated directory
/// @param state  the node's private directory
/// @param peers  where every member of the cluster takes calls from its peers, this node included
/// @param http   where the API listens; port 0 asks the system for a free one
/// @param retention how much history this node keeps
public record NodeConfig(
        NodeId node, Path folder, Path state, SortedMap<NodeId, Address> peers, Address http, Retention retention) {
    /// At most so many members are founded together.
    public static final int PEERS_MAX = 31;

    private static final Pattern LOOPBACK_V4 = Pattern.compile("127(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}");

    /// With history kept as by default.
    public NodeConfig(NodeId node, Path folder, Path state, SortedMap<NodeId, Address> peers, Address http) {
        this(node, folder, state, peers, http, Retention.DEFAULT);
    }

    public NodeConfig {
        folder = folder.toAbsolutePath().normalize();
        state = state.toAbsolutePath().normalize();
        peers = Collections.unmodifiableSortedMap(new TreeMap<>(peers));
    }

    /// `<parent of folder>/.lockstep/<folder name>`.
    ///
    /// @throws InvalidConfiguration if the folder is the root of the file system
    public static Path defaultState(Path folder) throws InvalidConfiguration {
        Path whole = folder.toAbsolutePath().normalize();
        Path parent = whole.getParent();
        Path name = whole.getFileName();
        if (parent == null || name == null) {
            throw new InvalidConfiguration("the folder cannot be " + whole + ": choose a directory below it");
        }
        return parent.resolve(".lockstep").resolve(name);
    }

    /// Parses `node1=host:8001,node2=host:8002`.
    ///
    /// @param text null if the administrator gave none
    public static SortedMap<NodeId, Address> parsePeers(@Nullable String text) throws InvalidConfiguration {
        if (text == null || text.isBlank()) {
            throw new InvalidConfiguration("no peers are given: list every member with its address, this node too, as"
                    + " --peers node1=127.0.0.1:8001,node2=127.0.0.1:8002; a cluster of one lists itself alone");
        }
        SortedMap<NodeId, Address> peers = new TreeMap<>();
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            if (equals < 0) {
                throw new InvalidConfiguration("not a peer: '" + part + "'; write NODE=HOST:PORT in --peers");
            }
            NodeId node;
            Address address;
            try {
                node = new NodeId(part.substring(0, equals).strip());
                address = Address.parse(part.substring(equals + 1).strip());
            } catch (IllegalArgumentException bad) {
                throw new InvalidConfiguration("not a peer: '" + part + "': " + bad.getMessage());
            }
            if (peers.put(node, address) != null) {
                throw new InvalidConfiguration("--peers lists " + node + " twice: give every node its own name");
            }
        }
        return peers;
    }

    /// This node's own address among the peers.
    public Address address() {
        Address own = peers.get(node);
        if (own == null) {
            throw new IllegalStateException(node + " is not among its peers");
        }
        return own;
    }

    /// Looks for every mistake that can be seen without touching anything.
    ///
    /// @throws InvalidConfiguration for the first one found
    public void check(Machine machine) throws InvalidConfiguration {
        if (!machine.fileNameEncoding().equals("UTF-8")) {
            throw new InvalidConfiguration("this process would write file names as " + machine.fileNameEncoding()
                    + ", not as UTF-8: start it with LC_ALL=C.UTF-8 in the environment");
        }
        checkAddresses();
        checkDirectories();
    }

    private void checkAddresses() throws InvalidConfiguration {
        if (!peers.containsKey(node)) {
            throw new InvalidConfiguration("--peers does not list this node, " + node + ": it lists " + names(peers)
                    + "; add " + node + "=HOST:PORT or correct --id");
        }
        if (peers.size() > PEERS_MAX) {
            throw new InvalidConfiguration(
                    "--peers lists " + peers.size() + " nodes, at most " + PEERS_MAX + " can be");
        }
        Set<Address> seen = new HashSet<>();
        for (Map.Entry<NodeId, Address> peer : peers.entrySet()) {
            String what = "the address of " + peer.getKey();
            requireLoopback(what, peer.getValue());
            if (peer.getValue().port() == 0) {
                throw new InvalidConfiguration(what + " has port 0: peers must know each other's port, name one");
            }
            if (!seen.add(canonical(peer.getValue()))) {
                throw new InvalidConfiguration(
                        "--peers gives " + peer.getValue() + " to two nodes: every node needs" + " its own port");
            }
        }
        requireLoopback("the HTTP address", http);
        if (seen.contains(canonical(http))) {
            throw new InvalidConfiguration("the HTTP address " + http + " is also the address of a peer: choose"
                    + " another port with --http");
        }
    }

    private static Address canonical(Address address) {
        return address.host().equals("localhost") ? new Address("127.0.0.1", address.port()) : address;
    }

    private static void requireLoopback(String what, Address address) throws InvalidConfiguration {
        String host = address.host();
        if (!host.equals("localhost")
                && !host.equals("::1")
                && !LOOPBACK_V4.matcher(host).matches()) {
            throw new InvalidConfiguration(what + ", " + address + ", is not of this machine alone: until nodes prove"
                    + " their identity to each other (mutual TLS) only 127.0.0.1, ::1 and localhost are allowed");
        }
    }

    private void checkDirectories() throws InvalidConfiguration {
        if (folder.getParent() == null) {
            throw new InvalidConfiguration("the folder cannot be " + folder + ": choose a directory below it");
        }
        Path realFolder = real(folder);
        Path realState = real(state);
        if (realFolder.equals(realState)) {
            throw new InvalidConfiguration(
                    "folder and state directory are both " + folder + ": choose another --state");
        }
        if (realState.startsWith(realFolder)) {
            throw new InvalidConfiguration("the state directory " + state + " lies inside the folder " + folder
                    + ": choose a --state outside, or leave it out");
        }
        if (realFolder.startsWith(realState)) {
            throw new InvalidConfiguration("the folder " + folder + " lies inside the state directory " + state
                    + ": choose a --state elsewhere, or leave it out");
        }
        requireDirectory("folder", folder);
        requireDirectory("state directory", state);
        checkNesting(realFolder);
    }

    private static void requireDirectory(String what, Path path) throws InvalidConfiguration {
        Path existing = existing(path);
        String which = existing.equals(path)
                ? "the " + what + " " + path
                : "the " + what + " " + path + " is below " + existing + ", which";
        if (!Files.isDirectory(existing)) {
            throw new InvalidConfiguration(which + " is not a directory: choose another path");
        }
        if (!Files.isReadable(existing) || !Files.isWritable(existing) || !Files.isExecutable(existing)) {
            throw new InvalidConfiguration(which + " cannot be read and written by user "
                    + System.getProperty("user.name") + ": change its permissions (chmod u+rwx) or the user");
        }
    }

    /// The path itself or the next directory above it that exists.
    private static Path existing(Path path) {
        Path existing = path;
        while (existing.getParent() != null && !Files.exists(existing, LinkOption.NOFOLLOW_LINKS)) {
            existing = existing.getParent();
        }
        return existing;
    }

    private void checkNesting(Path realFolder) throws InvalidConfiguration {
        if (Files.isDirectory(realFolder.resolve(FolderMarker.NAME))) {
            throw new InvalidConfiguration("the folder " + folder + " holds a directory " + FolderMarker.NAME
                    + ", where nodes keep their state: choose a folder that holds no other node's state");
        }
        for (Path outer = realFolder.getParent(); outer != null; outer = outer.getParent()) {
            if (Files.isRegularFile(outer.resolve(FolderMarker.NAME), LinkOption.NOFOLLOW_LINKS)) {
                throw new InvalidConfiguration("the folder " + folder + " lies inside " + outer + ", the folder of"
                        + " another node: choose one outside");
            }
        }
    }

    /// Follows symlinks as far as the path exists.
    private static Path real(Path path) throws InvalidConfiguration {
        Path existing = existing(path);
        try {
            return existing.toRealPath().resolve(existing.relativize(path)).normalize();
        } catch (IOException unreadable) {
            throw new InvalidConfiguration(
                    "cannot follow the path " + path + " (" + unreadable.getMessage() + "): correct it");
        }
    }

    /// As [#parsePeers] reads it, without blanks.
    static String text(SortedMap<NodeId, Address> peers) {
        return peers.entrySet().stream()
                .map(peer -> peer.getKey() + "=" + peer.getValue())
                .collect(Collectors.joining(","));
    }

    static String names(Map<NodeId, ?> nodes) {
        return String.join(",", nodes.keySet().stream().map(NodeId::value).toList());
    }
}
