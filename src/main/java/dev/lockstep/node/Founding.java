package dev.lockstep.node;

import dev.lockstep.consensus.PeerCalls;
import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
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
import org.jspecify.annotations.Nullable;

/// Finds out who this store is, and founds the cluster if there is none. Survives a kill at any point, with
/// the same command.
///
/// Every listed node makes a random store id durable. The lowest node id writes one founding record with all
/// of them and hands
/// it to every listed node, which makes it durable and takes no other one; when all hold it, it is in force.
/// Only a node whose
/// own store is in the record formats.
final class Founding {
    static final String PREFIX = "found.";
    static final String WHO = PREFIX + "who";
    static final String RECORD = PREFIX + "record";
    static final String ADMIT = PREFIX + "admit";

    private static final String MAY_JOIN = "may-join=";
    private static final String STORE_FILE = "store";
    private static final String RECORD_FILE = "founding";
    private static final Duration CALL_TIMEOUT = Duration.ofMillis(800);
    private static final long PAUSE_MILLIS = 100;

    private final NodeConfig config;
    private final Path state;
    private final PeerCalls calls;
    private final Consumer<String> tell;
    private volatile @Nullable Identity identity;
    private volatile @Nullable ClusterView cluster;
    private String lastTold = "";

    /// What the running node knows of its cluster.
    interface ClusterView {
        List<Member> members();

        /// The stores that `node` had before an administrator allowed it another one.
        Set<StoreId> lostStores(NodeId node);

        CompletableFuture<Void> admit(Member newcomer);
    }

    /// @param tell takes lines for the person at the terminal
    Founding(NodeConfig config, Path state, PeerCalls calls, Consumer<String> tell) {
        this.config = config;
        this.state = state;
        this.calls = calls;
        this.tell = tell;
    }

    void running(ClusterView view) {
        cluster = view;
    }

    // --- who am I ---

    /// Waits as long as it takes.
    ///
    /// @throws StartRefused if this node must not start with this state and folder
    Identity identify() throws IOException, StartRefused, InterruptedException {
        Optional<Identity> known = Identity.read(state);
        Optional<FolderMarker> marker = FolderMarker.read(config.folder());
        if (known.isPresent()) {
            Identity mine = known.get();
            requireSame(mine, marker);
            refuseIfReplaced(mine);
            return settle(mine, marker.isEmpty());
        }
        StoreId store = ownStore();
        while (true) {
            Map<NodeId, Answer> answers = askAll(store);
            Optional<Identity> found = fromRunningCluster(store, answers);
            if (found.isEmpty() && marker.isPresent()) {
                found = refuseOrWait(marker.get(), answers);
            } else if (found.isEmpty()) {
                found = found(store, answers);
            }
            if (found.isPresent()) {
                found.get().write(state);
                return settle(found.get(), true);
            }
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    private Identity settle(Identity mine, boolean writesMarker) throws IOException {
        if (writesMarker) {
            new FolderMarker(mine.cluster(), mine.self().node(), mine.self().store()).write(config.folder(), state);
        }
        identity = mine;
        return mine;
    }

    private void requireSame(Identity mine, Optional<FolderMarker> marker) throws StartRefused {
        if (!mine.self().node().equals(config.node())) {
            throw new StartRefused("the state directory " + state + " is that of "
                    + mine.self().node() + ", not of " + config.node() + ": correct --id or --state");
        }
        if (marker.isPresent()
                && !(marker.get().cluster().equals(mine.cluster())
                        && marker.get().node().equals(mine.self().node()))) {
            throw new StartRefused("the folder " + config.folder() + " is that of "
                    + marker.get().node() + " in another cluster or place: correct --folder or --state");
        }
        if (marker.isEmpty() && isFolderEmpty() && Identity.hadEntries(state)) {
            throw new StartRefused(
                    "the folder " + config.folder() + " is empty and has no marker .lockstep: is it mounted?"
                            + " Bring it back, or on a living node: lockstep members replace " + config.node());
        }
    }

    private boolean isFolderEmpty() {
        String[] names = config.folder().toFile().list();
        return names != null && names.length == 0;
    }

    private void refuseIfReplaced(Identity mine) throws StartRefused, InterruptedException {
        for (Answer answer : askAll(mine.self().store()).values()) {
            if (answer.isReplaced()) {
                throw new StartRefused("the store of " + config.node() + " was replaced (lockstep members replace): to"
                        + " come back, start with an empty state directory instead of " + state);
            }
        }
    }

    private StoreId ownStore() throws IOException {
        Optional<String> kept = Identity.readChecked(state, STORE_FILE);
        if (kept.isPresent()) {
            return new StoreId(kept.get().strip());
        }
        byte[] random = new byte[8];
        new SecureRandom().nextBytes(random);
        StoreId store = new StoreId(HexFormat.of().formatHex(random));
        Identity.writeChecked(state, STORE_FILE, store.value());
        return store;
    }

    // --- asking ---

    /// @param record  the founding record that the peer holds, empty without one
    /// @param isFounded whether it runs as a member
    /// @param lostStores how many this node had before the one it may join with, 0 if it may not join
    private record Answer(StoreId store, String record, boolean isFounded, int lostStores, boolean isReplaced) {
        boolean mayJoin() {
            return lostStores > 0;
        }
    }

    private Map<NodeId, Answer> askAll(StoreId store) throws InterruptedException {
        Map<NodeId, CompletableFuture<Bytes>> asked = new TreeMap<>();
        Bytes request = Bytes.utf8(config.node() + " " + store);
        config.peers().forEach((node, address) -> {
            if (!node.equals(config.node())) {
                asked.put(node, calls.call(address, WHO, request, CALL_TIMEOUT));
            }
        });
        Map<NodeId, Answer> answers = new TreeMap<>();
        for (Map.Entry<NodeId, CompletableFuture<Bytes>> one : asked.entrySet()) {
            String answer = await(one.getValue());
            if (answer != null) {
                answers.put(one.getKey(), parse(answer));
            }
        }
        return answers;
    }

    private static @Nullable String await(CompletableFuture<Bytes> call) throws InterruptedException {
        try {
            return call.get(2 * CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS).toUtf8();
        } catch (ExecutionException | TimeoutException unreachable) {
            return null;
        }
    }

    private static Answer parse(String answer) {
        String first = answer.lines().findFirst().orElse("");
        String[] words = first.split(" ");
        return new Answer(
                new StoreId(words[0]),
                answer.substring(Math.min(answer.length(), first.length() + 1)),
                first.contains(" founded"),
                lostStores(words),
                first.contains(" replaced"));
    }

    private static int lostStores(String[] words) {
        for (String word : words) {
            if (word.startsWith(MAY_JOIN)) {
                return Integer.parseInt(word, MAY_JOIN.length(), word.length(), 10);
            }
        }
        return 0;
    }

    private Optional<Identity> fromRunningCluster(StoreId store, Map<NodeId, Answer> answers)
            throws IOException, StartRefused {
        for (Answer answer : answers.values()) {
            if (!answer.isFounded()) {
                continue;
            }
            UUID id = Identity.cluster(answer.record());
            List<Member> members = Identity.members(answer.record());
            Optional<Member> self = members.stream()
                    .filter(member -> member.store().equals(store))
                    .findFirst();
            if (self.isPresent()) {
                return Optional.of(new Identity(id, self.get(), members, 0));
            }
            if (answer.mayJoin()) {
                // A peer that lags behind knows of fewer.
                int lost = answers.values().stream()
                        .mapToInt(Answer::lostStores)
                        .max()
                        .orElse(answer.lostStores());
                Member joiner = new Member(config.node(), store, config.address());
                return Optional.of(new Identity(id, joiner, List.of(), lost));
            }
            throw refusal("its peers run a cluster that knows " + config.node() + " by another store");
        }
        return Optional.empty();
    }

    private Optional<Identity> refuseOrWait(FolderMarker marker, Map<NodeId, Answer> answers) throws StartRefused {
        if (!answers.isEmpty() || config.peers().size() == 1) {
            throw refusal("its folder belongs to cluster " + marker.cluster());
        }
        tellOnce("waiting for a peer: the folder belongs to a cluster that this state directory does not know");
        return Optional.empty();
    }

    private StartRefused refusal(String why) {
        return new StartRefused(config.node() + " has no state in " + state + ", but " + why
                + "; if its disk was lost, run on a living node: lockstep members replace " + config.node());
    }

    // --- founding ---

    private Optional<Identity> found(StoreId store, Map<NodeId, Answer> answers)
            throws IOException, InterruptedException {
        NodeId first = config.peers().firstKey();
        if (!first.equals(config.node())) {
            tellMissing(answers);
            return Optional.empty();
        }
        Optional<String> record = Identity.readChecked(state, RECORD_FILE);
        if (record.isEmpty()) {
            if (answers.size() < config.peers().size() - 1) {
                tellMissing(answers);
                return Optional.empty();
            }
            record = Optional.of(newRecord(store, answers));
            Identity.writeChecked(state, RECORD_FILE, record.get());
        }
        return handOut(record.get(), store);
    }

    private String newRecord(StoreId store, Map<NodeId, Answer> answers) {
        List<Member> members = new ArrayList<>();
        config.peers().forEach((node, address) -> {
            Answer answer = answers.get(node);
            members.add(new Member(node, answer == null ? store : answer.store(), address));
        });
        return Identity.encode(UUID.randomUUID(), members);
    }

    /// In force once every listed node holds it.
    private Optional<Identity> handOut(String record, StoreId store) throws IOException, InterruptedException {
        List<Member> members = Identity.members(record);
        List<NodeId> missing = new ArrayList<>();
        for (Member member : members) {
            if (!member.store().equals(store)
                    && await(calls.call(member.address(), RECORD, Bytes.utf8(record), CALL_TIMEOUT)) == null) {
                missing.add(member.node());
            }
        }
        if (!missing.isEmpty()) {
            tellOnce("waiting for " + missing + " to take the founding record");
            return Optional.empty();
        }
        Member self = members.stream()
                .filter(member -> member.store().equals(store))
                .findFirst()
                .orElseThrow();
        return Optional.of(new Identity(Identity.cluster(record), self, members, 0));
    }

    private void tellMissing(Map<NodeId, Answer> answers) {
        TreeSet<NodeId> missing = new TreeSet<>(config.peers().keySet());
        missing.remove(config.node());
        missing.removeAll(answers.keySet());
        if (!missing.isEmpty()) {
            tellOnce("waiting for " + missing + " to found the cluster");
        }
    }

    private void tellOnce(String line) {
        if (!line.equals(lastTold)) {
            lastTold = line;
            tell.accept(line);
        }
    }

    // --- for the others ---

    Bytes serve(String method, Bytes request) throws IOException {
        return switch (method) {
            case WHO -> Bytes.utf8(who(request.toUtf8()));
            case RECORD -> takeRecord(request.toUtf8());
            case ADMIT -> admit(request.toUtf8());
            default -> throw new IOException("no such call: " + method);
        };
    }

    private synchronized String who(String request) throws IOException {
        String[] words = request.split(" ");
        NodeId asking = new NodeId(words[0]);
        StoreId store = new StoreId(words[1]);
        Identity mine = identity;
        ClusterView view = cluster;
        if (mine == null) {
            return ownStore() + "\n" + Identity.readChecked(state, RECORD_FILE).orElse("");
        }
        String flags = " founded";
        List<Member> members = mine.members();
        if (view != null) {
            Set<StoreId> lost = view.lostStores(asking);
            boolean isMember =
                    view.members().stream().anyMatch(member -> member.node().equals(asking));
            flags += lost.contains(store) ? " replaced" : "";
            flags += !lost.isEmpty() && !lost.contains(store) && !isMember ? " " + MAY_JOIN + lost.size() : "";
            members = view.members().isEmpty() ? members : view.members();
        }
        return mine.self().store() + flags + "\n" + Identity.encode(mine.cluster(), members);
    }

    private synchronized Bytes takeRecord(String record) throws IOException {
        StoreId store = ownStore();
        if (Identity.members(record).stream().noneMatch(member -> member.store().equals(store))) {
            throw new IOException("the founding record does not name this store");
        }
        Optional<String> held = Identity.readChecked(state, RECORD_FILE);
        if (held.isPresent() && !held.get().equals(record)) {
            throw new IOException("another founding record is held already");
        }
        Identity.writeChecked(state, RECORD_FILE, record);
        return Bytes.EMPTY;
    }

    private Bytes admit(String request) throws IOException {
        ClusterView view = cluster;
        List<Member> newcomer = Identity.members(request);
        if (view == null || newcomer.size() != 1) {
            throw new IOException("cannot admit now");
        }
        Member member = newcomer.getFirst();
        Set<StoreId> lost = view.lostStores(member.node());
        if (lost.isEmpty() || lost.contains(member.store())) {
            throw new IOException(member.node() + " may not join: lockstep members replace " + member.node());
        }
        try {
            view.admit(member).get(30, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException failure) {
            throw new IOException("not admitted: " + failure.getMessage(), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("stopping", interrupted);
        }
        return Bytes.EMPTY;
    }

    /// Asks the peers, one after the other, to make this store a member.
    boolean askToBeAdmitted(Identity mine) throws InterruptedException {
        for (Map.Entry<NodeId, Address> peer : config.peers().entrySet()) {
            if (!peer.getKey().equals(config.node())) {
                Bytes request = Bytes.utf8(Identity.line(mine.self()));
                try {
                    calls.call(peer.getValue(), ADMIT, request, Duration.ofSeconds(31))
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
