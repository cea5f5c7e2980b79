package dev.lockstep.simulation;

import dev.lockstep.consensus.Commit;
import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.ReplicatedState;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// One ordered log behind the [Consensus] port of any number of nodes, without network, disk or threads of
/// its own.
///
/// What is committed is one list; what a node has of it, and when, is decided by delays, by who is running,
/// and by how the nodes are split. A node's log and its snapshots outlive its runs, as on a disk that keeps
/// what it was told to. Everything happens in tasks of the [VirtualTime], on one thread.
public final class SimulatedLog {
    private static final Duration ELECTION_TAKES = Duration.ofMillis(500);
    private static final int NOWHERE = -1;

    final VirtualTime time;
    private final RandomGenerator random;
    private final Path directory;
    private final Limits limits;
    private Weather weather = Weather.FAIR;

    private final List<Entry> entries = new ArrayList<>();
    /// Which members are in force from an index on.
    private final NavigableMap<Long, List<Member>> configurations = new TreeMap<>();
    private final Map<StoreId, Disk> disks = new HashMap<>();
    private final Map<StoreId, SimulatedNode> running = new LinkedHashMap<>();
    private final Map<StoreId, Integer> sides = new HashMap<>();
    private @Nullable SimulatedNode leader;
    private @Nullable Member successor;
    private @Nullable Member newcomer;
    private long term;
    private boolean isElecting;

    /// How messages fare.
    ///
    /// @param delayMin    shortest time one is under way
    /// @param delayMax    longest
    /// @param patience    after which the one who asked is told that there was no answer
    /// @param lostOffers  share of offers that never arrive
    /// @param lateOffers  share of offers that arrive after they were given up
    /// @param lostAnswers share of offers that are committed without an answer
    public record Weather(
            Duration delayMin,
            Duration delayMax,
            Duration patience,
            double lostOffers,
            double lateOffers,
            double lostAnswers) {
        public static final Weather FAIR =
                new Weather(Duration.ofMillis(1), Duration.ofMillis(20), Duration.ofSeconds(3), 0, 0, 0);
        public static final Weather FOUL =
                new Weather(Duration.ofMillis(1), Duration.ofMillis(400), Duration.ofSeconds(1), 0.1, 0.1, 0.1);
    }

    /// When the log is cut.
    ///
    /// @param snapshotTriggerEntries a node takes a snapshot after that many entries
    /// @param preservedEntries       entries before its snapshot that it keeps
    public record Limits(long snapshotTriggerEntries, long preservedEntries) {
        public static final Limits NEVER = new Limits(Long.MAX_VALUE, 0);
    }

    private record Entry(long term, @Nullable Bytes command) {}

    record Snapshot(Path file, long logIndex) {}

    /// What of the log a node has, whether it runs or not.
    static final class Disk {
        long knownIndex;
        long cutUpTo;

        @Nullable
        Snapshot snapshot;
    }

    enum Fate {
        ARRIVES,
        LOST,
        LATE,
        UNANSWERED
    }

    /// @param founders  the members at first
    /// @param directory where snapshots are kept
    public SimulatedLog(
            List<Member> founders, Limits limits, VirtualTime time, RandomGenerator random, Path directory) {
        this.time = time;
        this.random = random;
        this.limits = limits;
        this.directory = directory;
        configurations.put(0L, List.copyOf(founders));
    }

    // --- what a test does to it ---

    public void setWeather(Weather now) {
        weather = now;
    }

    /// Starts a node on the log that its store has; a store never seen begins empty.
    ///
    /// @throws IOException if the state refuses the node's own snapshot
    public Consensus start(Member member, ReplicatedState state) throws IOException {
        if (running.containsKey(member.store())) {
            throw new IllegalStateException(member + " is running");
        }
        Disk disk = disks.computeIfAbsent(member.store(), _ -> new Disk());
        SimulatedNode node = new SimulatedNode(this, member, state, disk);
        Snapshot own = disk.snapshot;
        if (own != null) {
            if (own.logIndex() > state.appliedIndex()) {
                state.install(own.file(), own.logIndex());
            }
            node.handedIndex = own.logIndex();
        }
        running.put(member.store(), node);
        sides.putIfAbsent(member.store(), 0);
        worldChanged();
        return node;
    }

    /// As by a kill: what is under way to or from the node is lost.
    public void stop(Member member) {
        SimulatedNode node = running.remove(member.store());
        if (node != null) {
            node.isRunning = false;
            worldChanged();
        }
    }

    /// From now on only members of one group hear each other; one in no group is alone.
    public void split(List<List<Member>> groups) {
        sides.replaceAll((_, _) -> NOWHERE);
        int alone = groups.size();
        for (int i = 0; i < groups.size(); i++) {
            for (Member member : groups.get(i)) {
                sides.put(member.store(), i);
            }
        }
        for (Map.Entry<StoreId, Integer> each : sides.entrySet()) {
            if (each.getValue() == NOWHERE) {
                each.setValue(alone++);
            }
        }
        worldChanged();
    }

    public void heal() {
        sides.replaceAll((_, _) -> 0);
        worldChanged();
    }

    /// Whether both are running and hear each other.
    public boolean isTogether(Member one, Member other) {
        SimulatedNode first = running.get(one.store());
        SimulatedNode second = running.get(other.store());
        return first != null && second != null && isTogether(first, second);
    }

    /// The current leader steps down for another node.
    public void handOver(Member to) {
        handOver(to, new CompletableFuture<>());
    }

    /// @return null for an entry that is no command
    public @Nullable Bytes command(long logIndex) {
        return entries.get((int) logIndex - 1).command();
    }

    /// How many entries there are, commands and others.
    public long size() {
        return entries.size();
    }

    /// Everything committed so far that is a command.
    public List<Commit> commits() {
        List<Commit> commits = new ArrayList<>();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.command() != null) {
                commits.add(new Commit(i + 1, entry.term(), entry.command()));
            }
        }
        return commits;
    }

    /// The first index that the store still has, 1 if nothing was cut.
    public long firstKeptIndex(Member member) {
        Disk disk = disks.get(member.store());
        return disk == null ? 1 : disk.cutUpTo + 1;
    }

    public Optional<Member> leader() {
        return Optional.ofNullable(leader).map(SimulatedNode::self);
    }

    // --- what nodes ask ---

    List<Member> membersAt(long logIndex) {
        return Objects.requireNonNull(configurations.floorEntry(logIndex)).getValue();
    }

    boolean isFounder(Member member) {
        return membersAt(0).contains(member);
    }

    long term() {
        return term;
    }

    long lastIndex() {
        return entries.size();
    }

    boolean hears(SimulatedNode node) {
        return leader != null && node.isRunning && isTogether(node, leader);
    }

    boolean isLeader(SimulatedNode node) {
        return node == leader;
    }

    Duration delay() {
        return Duration.ofNanos(
                random.nextLong(weather.delayMin().toNanos(), weather.delayMax().toNanos() + 1));
    }

    Duration patience() {
        return weather.patience();
    }

    Fate fateOfOffer() {
        double drawn = random.nextDouble();
        if (drawn < weather.lostOffers()) {
            return Fate.LOST;
        }
        if (drawn < weather.lostOffers() + weather.lateOffers()) {
            return Fate.LATE;
        }
        boolean isUnanswered = drawn < weather.lostOffers() + weather.lateOffers() + weather.lostAnswers();
        return isUnanswered ? Fate.UNANSWERED : Fate.ARRIVES;
    }

    /// @param command null for an entry that only moves the log on
    /// @return the log index, at which it is committed, and applied at the leader
    long append(@Nullable Bytes command) {
        entries.add(new Entry(term, command));
        long logIndex = entries.size();
        if (leader != null) {
            catchUp(leader, logIndex);
        }
        for (SimulatedNode node : List.copyOf(running.values())) {
            if (node != leader) {
                time.after(delay(), () -> catchUp(node, logIndex));
            }
        }
        return logIndex;
    }

    void changeMembers(List<Member> members, CompletableFuture<Void> done) {
        List<Member> joining = new ArrayList<>(members);
        joining.removeAll(currentMembers());
        if (newcomer != null || joining.size() > 1) {
            done.completeExceptionally(new IOException("one change of members at a time"));
            return;
        }
        newcomer = joining.isEmpty() ? null : joining.getFirst();
        var _ = done.whenComplete((_, _) -> newcomer = null);
        admitWhenCaughtUp(members, newcomer, done);
    }

    private void admitWhenCaughtUp(List<Member> members, @Nullable Member joining, CompletableFuture<Void> done) {
        if (done.isDone()) {
            return;
        }
        SimulatedNode node = joining == null ? null : running.get(joining.store());
        if (node != null) {
            catchUp(node, lastIndex());
        }
        boolean isCaughtUp = joining == null || (node != null && node.handedIndex >= lastIndex());
        if (leader == null || !isCaughtUp) {
            time.after(Duration.ofMillis(100), () -> admitWhenCaughtUp(members, joining, done));
            return;
        }
        configurations.put(lastIndex() + 1, List.copyOf(members));
        append(null);
        worldChanged();
        time.after(delay(), () -> done.complete(null));
    }

    void handOver(Member to, CompletableFuture<Void> done) {
        if (!currentMembers().contains(to) || !running.containsKey(to.store())) {
            done.completeExceptionally(new IOException(to + " cannot lead"));
            return;
        }
        successor = to;
        leader = null;
        worldChanged();
        done.complete(null);
    }

    // --- leading ---

    private List<Member> currentMembers() {
        return configurations.lastEntry().getValue();
    }

    private boolean isTogether(SimulatedNode one, SimulatedNode other) {
        return Objects.equals(
                sides.get(one.self().store()), sides.get(other.self().store()));
    }

    private boolean mayLead(SimulatedNode node) {
        List<Member> members = currentMembers();
        long together = members.stream()
                .map(member -> running.get(member.store()))
                .filter(other -> other != null && isTogether(node, other))
                .count();
        return node.isRunning && members.contains(node.self()) && 2 * together > members.size();
    }

    /// Somebody came, went, or hears other nodes than before.
    private void worldChanged() {
        if (leader != null && !mayLead(leader)) {
            leader = null;
        }
        if (leader != null) {
            spread();
        } else if (!isElecting) {
            isElecting = true;
            time.after(ELECTION_TAKES, this::elect);
        }
    }

    private void elect() {
        isElecting = false;
        List<SimulatedNode> candidates =
                running.values().stream().filter(this::mayLead).toList();
        if (leader != null || candidates.isEmpty()) {
            return;
        }
        SimulatedNode elected = candidates.get(random.nextInt(candidates.size()));
        for (SimulatedNode candidate : candidates) {
            elected = candidate.self().equals(successor) ? candidate : elected;
        }
        successor = null;
        leader = elected;
        term++;
        append(null);
        spread();
    }

    private void spread() {
        for (SimulatedNode node : running.values()) {
            time.after(delay(), () -> catchUp(node, lastIndex()));
        }
    }

    // --- following ---

    private void catchUp(SimulatedNode node, long upTo) {
        SimulatedNode from = leader;
        boolean isFed = currentMembers().contains(node.self()) || node.self().equals(newcomer);
        if (from == null || !hears(node) || !isFed) {
            return;
        }
        try {
            if (node.disk.knownIndex < from.disk.cutUpTo) {
                takeSnapshotOf(from, node);
            }
            while (node.isRunning && node.handedIndex < upTo) {
                hand(node, node.handedIndex + 1);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void takeSnapshotOf(SimulatedNode from, SimulatedNode node) throws IOException {
        Snapshot snapshot = Objects.requireNonNull(from.disk.snapshot);
        node.state.install(snapshot.file(), snapshot.logIndex());
        node.disk.snapshot = snapshot;
        node.disk.knownIndex = snapshot.logIndex();
        node.disk.cutUpTo = snapshot.logIndex();
        node.handedIndex = snapshot.logIndex();
    }

    private void hand(SimulatedNode node, long logIndex) {
        Entry entry = entries.get((int) logIndex - 1);
        node.disk.knownIndex = Math.max(node.disk.knownIndex, logIndex);
        try {
            if (entry.command() == null) {
                node.state.advance(logIndex);
            } else {
                node.state.apply(new Commit(logIndex, entry.term(), entry.command()));
            }
        } catch (RuntimeException | Error defect) {
            node.state.failed(defect);
            stop(node.self());
            throw defect;
        }
        node.handedIndex = logIndex;
        snapshotIfDue(node);
    }

    private void snapshotIfDue(SimulatedNode node) {
        Snapshot last = node.disk.snapshot;
        long since = node.handedIndex - (last == null ? 0 : last.logIndex());
        boolean isAhead = node.state.appliedIndex() > node.handedIndex;
        if (node.isWritingSnapshot || isAhead || since < limits.snapshotTriggerEntries()) {
            return;
        }
        node.isWritingSnapshot = true;
        ReplicatedState.Pin pin = node.state.pin();
        time.after(delay(), () -> write(node, pin));
    }

    private void write(SimulatedNode node, ReplicatedState.Pin pin) {
        long logIndex = pin.logIndex();
        Path file = directory.resolve(node.self().store() + "-" + logIndex);
        try (pin) {
            if (!node.isRunning) {
                return;
            }
            pin.writeTo(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
        var _ = node.state.syncPoint(logIndex).whenComplete((_, failure) -> {
            node.isWritingSnapshot = false;
            if (failure == null && node.isRunning) {
                node.disk.snapshot = new Snapshot(file, logIndex);
                node.disk.cutUpTo = Math.max(node.disk.cutUpTo, logIndex - limits.preservedEntries());
            }
        });
    }
}
