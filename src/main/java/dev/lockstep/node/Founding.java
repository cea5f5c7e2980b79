package dev.lockstep.node;

import dev.lockstep.consensus.PeerCalls;
import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/// Finds out of which cluster this store is, and founds one if there is none. Survives a kill at any point,
/// with the same command. One thread.
///
/// Every listed node makes a random store id durable. The lowest node id writes one [FoundingRecord] of all of
/// them and hands it to every listed node; in force it is once all hold it. Then its author becomes a member,
/// and the others after it, when they see that. A record that did not come into force may be followed by another
/// one; a member takes none. So no two records can both have members: the second needs the consent of every
/// store, and a member of the first refuses.
final class Founding {
    private static final Duration CALL_TIMEOUT = Duration.ofMillis(800);
    private static final long PAUSE_MILLIS = 100;

    private final NodeConfig config;
    private final OwnStore own;
    private final PeerCalls calls;
    private final Consumer<String> tell;
    private String lastTold = "";

    /// @param tell takes lines for the person at the terminal
    Founding(NodeConfig config, OwnStore own, PeerCalls calls, Consumer<String> tell) {
        this.config = config;
        this.own = own;
        this.calls = calls;
        this.tell = tell;
    }

    /// Waits as long as it takes.
    ///
    /// @throws StartRefused if this node must not start with this state and folder
    Identity identify() throws IOException, StartRefused, InterruptedException {
        while (true) {
            Optional<Identity> found = attempt();
            if (found.isPresent()) {
                return found.get();
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /// Asks every peer once and goes as far as the answers allow.
    ///
    /// @return empty if it has to wait; whom for was told
    Optional<Identity> attempt() throws IOException, StartRefused, InterruptedException {
        Map<NodeId, Introduction> peers = askAll();
        Optional<Identity> known = own.identity();
        if (known.isPresent()) {
            requireStillMember(known.get(), peers);
            return Optional.of(own.become(known.get()));
        }
        Optional<Identity> member = membership(peers);
        if (member.isEmpty() && peers.values().stream().noneMatch(Introduction::isFounded)) {
            member = own.marker().isPresent() ? waitForCluster(own.marker().get(), peers) : found(peers);
        }
        return member.isPresent() ? Optional.of(own.become(member.get())) : Optional.empty();
    }

    // --- asking ---

    private Map<NodeId, Introduction> askAll() throws InterruptedException {
        Map<NodeId, CompletableFuture<Bytes>> asked = new TreeMap<>();
        Bytes question = FoundingAnswers.question(config.node(), own.id());
        config.peers().forEach((node, address) -> {
            if (!node.equals(config.node())) {
                asked.put(node, calls.call(address, FoundingAnswers.WHO, question, CALL_TIMEOUT));
            }
        });
        Map<NodeId, Introduction> answers = new TreeMap<>();
        for (Map.Entry<NodeId, CompletableFuture<Bytes>> one : asked.entrySet()) {
            try {
                answers.put(
                        one.getKey(), Introduction.decode(await(one.getValue()).toUtf8()));
            } catch (IOException unreachable) {
                // Missing among the answers, and told as such.
            }
        }
        return answers;
    }

    private static Bytes await(CompletableFuture<Bytes> call) throws IOException, InterruptedException {
        try {
            return call.get(2 * CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            throw new IOException(
                    Objects.requireNonNullElse(failed.getCause(), failed).getMessage(), failed);
        } catch (TimeoutException late) {
            throw new IOException("no answer", late);
        }
    }

    // --- a cluster that is there already ---

    private void requireStillMember(Identity mine, Map<NodeId, Introduction> peers) throws StartRefused {
        List<String> strangers = new ArrayList<>();
        for (Map.Entry<NodeId, Introduction> peer : peers.entrySet()) {
            if (peer.getValue().isReplaced()) {
                throw wasReplaced();
            }
            if (peer.getValue()
                    .cluster()
                    .filter(id -> !id.equals(mine.cluster()))
                    .isPresent()) {
                strangers.add(peer.getKey() + " at " + config.peers().get(peer.getKey()));
            }
        }
        String line = strangers + " run another cluster than the one that the state directory " + config.state()
                + " belongs to, " + mine.cluster() + ": correct --peers or --state";
        // One node that was started wrongly must not keep the others from starting.
        if (2 * strangers.size() > config.peers().size() - 1) {
            throw new StartRefused(line);
        }
        if (!strangers.isEmpty()) {
            tellOnce(line);
        }
    }

    private StartRefused wasReplaced() {
        return new StartRefused("the store of " + config.node() + " was replaced (lockstep members replace): to"
                + " come back, start with an empty state directory instead of " + config.state());
    }

    /// @return empty if no peer runs, or none that could say
    private Optional<Identity> membership(Map<NodeId, Introduction> peers) throws StartRefused {
        List<Introduction> founded =
                peers.values().stream().filter(Introduction::isFounded).toList();
        Set<UUID> clusters = founded.stream()
                .flatMap(peer -> peer.cluster().stream())
                .collect(Collectors.toCollection(TreeSet::new));
        if (clusters.size() > 1) {
            throw new StartRefused(
                    "the peers of " + config.node() + " run different clusters, " + clusters + ": correct --peers");
        }
        for (UUID cluster : clusters) {
            requireMarkerOf(cluster);
            Optional<Identity> member = membership(cluster, founded);
            if (member.isPresent()) {
                return member;
            }
            for (Introduction peer : founded) {
                refuseStranger(peer);
            }
            tellOnce("waiting for the running cluster " + cluster + " to say whether this node is its member");
        }
        return Optional.empty();
    }

    private Optional<Identity> membership(UUID cluster, List<Introduction> founded) throws StartRefused {
        for (Introduction peer : founded) {
            Optional<Member> self = peer.member(own.id());
            // A marker without a state tells that the state was lost, whatever its store id was.
            if (self.isPresent() && own.marker().isEmpty()) {
                requireNamed(self.get());
                return Optional.of(new Identity(cluster, self.get(), peer.members(), 0));
            }
            if (peer.mayJoin()) {
                Member joiner = new Member(config.node(), own.id(), config.address());
                return Optional.of(new Identity(cluster, joiner, List.of(), lostStores(founded)));
            }
        }
        return Optional.empty();
    }

    private void requireMarkerOf(UUID cluster) throws StartRefused {
        if (own.marker().isPresent() && !own.marker().get().cluster().equals(cluster)) {
            throw new StartRefused("the folder " + config.folder() + " belongs to cluster "
                    + own.marker().get().cluster() + ", but the peers run cluster " + cluster
                    + ": correct --folder or --peers");
        }
    }

    private void requireNamed(Member self) throws StartRefused {
        if (!self.node().equals(config.node())) {
            throw new StartRefused("the state directory " + config.state() + " is that of " + self.node() + ", not of "
                    + config.node() + ": correct --id or --state");
        }
    }

    /// A peer whose log runs not yet may know less than has been decided.
    private void refuseStranger(Introduction peer) throws StartRefused {
        if (peer.standing() != Introduction.Standing.RUNNING) {
            return;
        }
        if (peer.isReplaced()) {
            throw wasReplaced();
        }
        if (peer.member(config.node()).isEmpty()) {
            throw new StartRefused("the peers run a cluster without " + config.node() + ", its members are "
                    + peer.members().stream()
                            .map(member -> member.node().value())
                            .toList()
                    + ": correct --id or --peers");
        }
        throw lostState("its peers run a cluster that knows " + config.node() + " by the store it had");
    }

    private StartRefused lostState(String why) {
        return new StartRefused(config.node() + " has no state in " + config.state() + ", but " + why
                + "; if its disk was lost, run on a living node: lockstep members replace " + config.node());
    }

    /// A peer that lags behind knows of fewer.
    private static int lostStores(List<Introduction> peers) {
        return peers.stream().mapToInt(Introduction::lostStores).max().orElse(0);
    }

    private Optional<Identity> waitForCluster(FolderMarker marker, Map<NodeId, Introduction> peers)
            throws StartRefused {
        if (peers.size() == config.peers().size() - 1) {
            throw lostState("its folder belongs to cluster " + marker.cluster() + ", which none of its peers runs;"
                    + " to found a new cluster with the files that are there, remove the markers: rm "
                    + config.folder().resolve(FolderMarker.NAME));
        }
        tellOnce("waiting for " + missing(peers) + ": the folder " + config.folder() + " belongs to cluster "
                + marker.cluster() + ", the state directory " + config.state() + " is empty");
        return Optional.empty();
    }

    // --- founding ---

    private Optional<Identity> found(Map<NodeId, Introduction> peers) throws IOException, InterruptedException {
        for (Map.Entry<NodeId, Introduction> peer : peers.entrySet()) {
            if (peer.getValue().standing() == Introduction.Standing.MARKED) {
                tellOnce("waiting for " + peer.getKey() + ": its folder belongs to a cluster already, see there");
                return Optional.empty();
            }
            if (!peer.getValue().peers().equals(NodeConfig.text(config.peers()))) {
                tellOnce("waiting: " + peer.getKey() + " was given --peers "
                        + peer.getValue().peers() + ", this node " + NodeConfig.text(config.peers())
                        + "; give every node the same");
                return Optional.empty();
            }
        }
        if (peers.size() < config.peers().size() - 1) {
            tellOnce("waiting for " + missing(peers) + " to found the cluster");
            return Optional.empty();
        }
        NodeId author = config.peers().firstKey();
        if (!author.equals(config.node())) {
            tellOnce("waiting for " + author + " to found the cluster");
            return Optional.empty();
        }
        return handOut(record(peers));
    }

    /// The record as it is held, or a new one if it would not be the same now.
    private FoundingRecord record(Map<NodeId, Introduction> peers) throws IOException {
        List<Member> members = new ArrayList<>();
        config.peers().forEach((node, address) -> {
            Introduction peer = peers.get(node);
            StoreId store = peer == null ? own.id() : peer.store();
            members.add(new Member(node, store, address));
        });
        Optional<FoundingRecord> held = own.record();
        if (held.isPresent() && held.get().members().equals(members)) {
            return held.get();
        }
        long attempt = held.map(FoundingRecord::attempt).orElse(0L) + 1;
        FoundingRecord made = new FoundingRecord(UUID.randomUUID(), attempt, members);
        own.take(made);
        return made;
    }

    private Optional<Identity> handOut(FoundingRecord record) throws InterruptedException {
        boolean isHeldByAll = true;
        for (Member member : record.members()) {
            if (!member.node().equals(config.node())) {
                isHeldByAll &= handOut(record, member);
            }
        }
        Member self = record.member(own.id()).orElseThrow();
        return isHeldByAll ? Optional.of(new Identity(record.cluster(), self, record.members(), 0)) : Optional.empty();
    }

    private boolean handOut(FoundingRecord record, Member to) throws InterruptedException {
        try {
            await(calls.call(to.address(), FoundingAnswers.RECORD, Bytes.utf8(record.encode()), CALL_TIMEOUT));
            return true;
        } catch (IOException refused) {
            tellOnce("waiting for " + to.node() + " to take the founding record: " + refused.getMessage());
            return false;
        }
    }

    private Set<NodeId> missing(Map<NodeId, Introduction> peers) {
        Set<NodeId> missing = new TreeSet<>(config.peers().keySet());
        missing.remove(config.node());
        missing.removeAll(peers.keySet());
        return missing;
    }

    private void tellOnce(String line) {
        if (!line.equals(lastTold)) {
            lastTold = line;
            tell.accept(line);
        }
    }

    // --- joining ---

    /// Asks the peers, one after the other, to make this store a member.
    boolean askToBeAdmitted(Identity mine) throws InterruptedException {
        for (Map.Entry<NodeId, Address> peer : config.peers().entrySet()) {
            if (!peer.getKey().equals(config.node())) {
                Bytes request = Bytes.utf8(Identity.line(mine.self()));
                try {
                    calls.call(peer.getValue(), FoundingAnswers.ADMIT, request, Duration.ofSeconds(31))
                            .get();
                    return true;
                } catch (ExecutionException failure) {
                    tellOnce("not admitted by " + peer.getKey() + " yet: " + failure.getMessage());
                }
            }
        }
        return false;
    }
}
