package dev.lockstep.node;

import dev.lockstep.consensus.PeerCalls;
import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Nodes that found a cluster, on real directories, in one thread: a step of one node is one attempt, with every
/// call delivered at once. A kill can be injected at every durable step and every call.
final class FoundingScene {
    private static final int ROUNDS_MAX = 40;

    private final Path home;
    private final SortedMap<NodeId, Address> peers = new TreeMap<>();
    private final Map<NodeId, Actor> actors = new TreeMap<>();
    private final Map<NodeId, StoreId> permitted = new TreeMap<>();
    private final Set<Integer> killAt = new TreeSet<>();
    private int events;

    FoundingScene(Path home, int nodes) {
        this.home = home;
        for (int i = 1; i <= nodes; i++) {
            peers.put(new NodeId("node" + i), new Address("127.0.0.1", 8000 + i));
        }
        peers.keySet().forEach(node -> actors.put(node, new Actor(config(node, peers))));
    }

    /// The process of a node ends here.
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    /// One node, between its first start and the end of the test.
    private final class Actor {
        final List<String> told = new ArrayList<>();
        NodeConfig config;
        boolean isReachable = true;

        @Nullable
        FoundingAnswers answers;

        @Nullable
        Founding founding;

        boolean isRunning;

        Actor(NodeConfig config) {
            this.config = config;
        }

        void die() {
            answers = null;
            founding = null;
            isRunning = false;
        }

        /// @return whether it runs as a member afterwards
        boolean step() throws IOException, StartRefused, InterruptedException {
            if (isRunning) {
                return true;
            }
            try {
                Founding started = start();
                Optional<Identity> member = started.attempt();
                if (member.isPresent()) {
                    Files.writeString(config.state().resolve(StateDirectory.INCARNATION), "1\n");
                    isRunning = true;
                }
            } catch (Killed killed) {
                die();
            } catch (StartRefused refused) {
                die();
                throw refused;
            }
            return isRunning;
        }

        private Founding start() throws IOException, StartRefused {
            Founding known = founding;
            if (known != null) {
                return known;
            }
            Files.createDirectories(config.folder());
            Files.createDirectories(config.state());
            OwnStore opened = OwnStore.open(config, new KillableFiles());
            Founding made = new Founding(config, opened, new Wire(FoundingScene.this, this), told::add);
            answers = new FoundingAnswers(config, opened);
            founding = made;
            return made;
        }
    }

    // --- kills ---

    void killAtEvent(int number) {
        killAt.add(number);
    }

    int events() {
        return events;
    }

    private void event() {
        events++;
        if (killAt.contains(events)) {
            throw new Killed();
        }
    }

    private final class KillableFiles extends DurableFiles {
        @Override
        void stage(Path staged, Bytes bytes, String permissions) throws IOException {
            event();
            Files.write(staged, bytes.slice(0, bytes.size() / 2).toArray());
            event();
            super.stage(staged, bytes, permissions);
            event();
        }

        @Override
        void place(Path staged, Path target) throws IOException {
            super.place(staged, target);
            event();
        }
    }

    private record Wire(FoundingScene scene, Actor from) implements PeerCalls {
        @Override
        public CompletableFuture<Bytes> call(Address peer, String method, Bytes request, Duration timeout) {
            scene.event();
            CompletableFuture<Bytes> answer = scene.deliver(peer, method, request);
            scene.event();
            return from.isReachable ? answer : CompletableFuture.failedFuture(new IOException("cut off"));
        }

        @Override
        public void close() {}
    }

    private CompletableFuture<Bytes> deliver(Address peer, String method, Bytes request) {
        for (Actor actor : actors.values()) {
            FoundingAnswers answers = actor.answers;
            if (actor.config.address().equals(peer) && answers != null && actor.isReachable) {
                try {
                    return CompletableFuture.completedFuture(answers.serve(method, request));
                } catch (IOException refused) {
                    return CompletableFuture.failedFuture(refused);
                } catch (Killed killed) {
                    actor.die();
                }
            }
        }
        return CompletableFuture.failedFuture(new IOException("nobody listens at " + peer));
    }

    // --- what happens to the nodes ---

    NodeConfig config(String node) {
        return actor(node).config;
    }

    private NodeConfig config(NodeId node, SortedMap<NodeId, Address> listed) {
        return new NodeConfig(
                node,
                home.resolve(node.value()),
                home.resolve(".lockstep").resolve(node.value()),
                listed,
                new Address("127.0.0.1", 0));
    }

    /// The next starts of this node are given these.
    void configure(String node, NodeConfig config) {
        actor(node).die();
        actor(node).config = config;
    }

    boolean step(String node) throws IOException, StartRefused, InterruptedException {
        return actor(node).step();
    }

    /// What it would answer to a start now.
    String refusal(String node) throws IOException, InterruptedException {
        try {
            boolean isMember = step(node);
            throw new AssertionError(node + " was not refused; member: " + isMember + ", told " + told(node));
        } catch (StartRefused refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    List<String> told(String node) {
        return actor(node).told;
    }

    void kill(String node) {
        actor(node).die();
    }

    void reach(String node, boolean isReachable) {
        actor(node).isReachable = isReachable;
    }

    void wipeState(String node) throws IOException {
        kill(node);
        delete(config(node).state());
    }

    void wipeFolder(String node) throws IOException {
        kill(node);
        delete(config(node).folder());
    }

    /// The log of this node runs from now on, and knows what an administrator decided.
    void runLog(String node) {
        FoundingAnswers answers = actor(node).answers;
        if (answers == null) {
            throw new IllegalStateException(node + " does not run");
        }
        List<Member> members = identity(node).orElseThrow().members().stream()
                .filter(member -> !permitted.containsKey(member.node()))
                .toList();
        answers.running(new View(members, permitted));
    }

    /// As `lockstep members replace` decides it.
    void permitReplacement(String node) {
        Member lost = actors.values().stream()
                .flatMap(actor -> identity(actor.config.node().value()).stream())
                .flatMap(identity -> identity.members().stream())
                .filter(member -> member.node().value().equals(node))
                .findFirst()
                .orElseThrow();
        permitted.put(lost.node(), lost.store());
    }

    private record View(List<Member> members, Map<NodeId, StoreId> permitted) implements FoundingAnswers.ClusterView {
        @Override
        public Set<StoreId> lostStores(NodeId node) {
            StoreId lost = permitted.get(node);
            return lost == null ? Set.of() : Set.of(lost);
        }

        @Override
        public CompletableFuture<Void> admit(Member newcomer) {
            return CompletableFuture.completedFuture(null);
        }
    }

    /// Lets all nodes go on in this order, and starts those that died, until all are members.
    ///
    /// @return whether they came to be
    boolean runAll(List<String> order) throws IOException, StartRefused, InterruptedException {
        for (int round = 0; round < ROUNDS_MAX; round++) {
            boolean isDone = true;
            for (String node : order) {
                isDone &= step(node);
                requireOneCluster();
            }
            if (isDone) {
                return true;
            }
        }
        return false;
    }

    // --- what stands on disk ---

    Optional<Identity> identity(String node) {
        try {
            return Identity.read(config(node).state());
        } catch (IOException damaged) {
            throw new AssertionError(damaged);
        }
    }

    Optional<FolderMarker> marker(String node) throws IOException {
        return FolderMarker.read(config(node).folder());
    }

    Set<UUID> clusters() {
        Set<UUID> found = new TreeSet<>();
        peers.keySet().forEach(node -> identity(node.value()).ifPresent(one -> found.add(one.cluster())));
        return found;
    }

    void requireOneCluster() {
        if (clusters().size() > 1) {
            throw new AssertionError("two clusters: " + clusters());
        }
    }

    private Actor actor(String node) {
        Actor actor = actors.get(new NodeId(node));
        if (actor == null) {
            throw new IllegalArgumentException("no such node: " + node);
        }
        return actor;
    }

    private static void delete(Path tree) throws IOException {
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
                    throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
