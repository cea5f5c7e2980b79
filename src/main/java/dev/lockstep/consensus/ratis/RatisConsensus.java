package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.consensus.ConsensusStatus.Role;
import dev.lockstep.consensus.ReplicatedState;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.TransferLeadershipRequest;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The ordered log by Apache Ratis. Where this node leads, offers go straight into its log; otherwise one
/// call takes them to
/// the leader, on the same port.
public final class RatisConsensus implements Consensus {
    private static final Logger log = LoggerFactory.getLogger(RatisConsensus.class);
    static final String PREFIX = "raft.";
    private static final String OFFER = PREFIX + "offer";
    private static final String READ = PREFIX + "read";
    private static final String TERM = PREFIX + "term";
    private static final String MEMBERS = PREFIX + "members";
    private static final String TRANSFER = PREFIX + "transfer";
    private static final int OFFERS_MAX = 512;
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(3);
    private static final Duration LOCAL_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration CLOSE_TIMEOUT = Duration.ofMillis(2500);
    private static final Duration MEMBERS_TIMEOUT = Duration.ofSeconds(30);
    /// A joiner is fed only while entries come: on an idle cluster these are the entries.
    private static final long FEED_MILLIS = 100;

    private final RatisConfig config;
    private final PeerPort port;
    private final RaftServer server;
    private final CatalogStateMachine machine;
    final RaftServer.Division division;
    private final LeadershipProof leadership;
    private final RaftGroupId group;
    private final ClientId client = ClientId.randomId();
    private final AtomicLong calls = new AtomicLong();
    private final OfferOrder order = new OfferOrder();
    private final Semaphore offers = new Semaphore(OFFERS_MAX);
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon(true).name("consensus-timer").factory());

    private RatisConsensus(
            RatisConfig config, PeerPort port, RaftServer server, CatalogStateMachine machine, RaftGroupId group)
            throws IOException {
        this.config = config;
        this.port = port;
        this.server = server;
        this.machine = machine;
        this.group = group;
        this.division = server.getDivision(group);
        this.leadership = new LeadershipProof(port, division, TERM, CALL_TIMEOUT);
    }

    /// Starts the log of this node; commits reach `state` from then on. Takes the peer port over.
    ///
    /// @throws IOException if the directory is damaged, not this store's, or not formatted though it should be
    public static RatisConsensus start(RatisConfig config, PeerPort port, ReplicatedState state) throws IOException {
        RaftGroupId groupId = RaftGroupId.valueOf(config.group());
        boolean isFormatted =
                Files.exists(config.directory().resolve(config.group().toString()));
        if (!isFormatted && !config.isNew()) {
            throw new IOException("the log is missing: " + config.directory()
                    + "; if its disk was replaced: lockstep members replace "
                    + config.self().node());
        }
        Path home = config.directory().resolve(config.group().toString());
        new VoteFile(home).requireWhole(config.self().node().value());
        MembersFile kept = new MembersFile(home);
        kept.requireWhole(config.self().node().value());
        for (OpenSegment segment : OpenSegment.in(home.resolve("current"))) {
            segment.removeTornRecord();
        }
        long lastClosedIndex = ReplayedSegments.lastIndex(home.resolve("current"));
        List<RaftPeer> peers = config.members().stream().map(RaftMembers::peer).toList();
        Parameters parameters = new Parameters();
        GrpcConfigKeys.Server.setServicesCustomizer(
                parameters, (builder, types) -> builder.addService(port.definition()));
        CommitNews news = new CommitNews();
        TellingRpcType.hand(news, parameters);
        CatalogStateMachine machine = new CatalogStateMachine(state, news, kept);
        RaftProperties properties = RatisSettings.of(config);
        RaftServer server = RaftServer.newBuilder()
                .setServerId(RaftMembers.peerId(config.self()))
                .setGroup(RaftGroup.valueOf(groupId, peers))
                .setStateMachine(machine)
                .setProperties(properties)
                .setParameters(parameters)
                .setOption(isFormatted ? RaftStorage.StartupOption.RECOVER : RaftStorage.StartupOption.FORMAT)
                .build();
        port.handOver();
        startLog(config, server, machine);
        requireUnbroken(config, server, machine, state.appliedIndex());
        RatisConsensus consensus = new RatisConsensus(config, port, server, machine, groupId);
        machine.replays(ReplayedSegments.of(consensus.division.getRaftLog(), lastClosedIndex));
        port.serve(PREFIX, consensus::serve);
        return consensus;
    }

    private static void startLog(RatisConfig config, RaftServer server, CatalogStateMachine machine)
            throws IOException {
        String damaged = "the log in " + config.directory() + " is damaged or incomplete: this store cannot go on; on a"
                + " living node: lockstep members replace " + config.self().node();
        try {
            server.start();
        } catch (IOException | RuntimeException failed) {
            throw new IOException(damaged + " (" + Causes.root(failed).getMessage() + ")", failed);
        }
        machine.started();
        RaftServer.Division started = server.getDivision(RaftGroupId.valueOf(config.group()));
        if (!started.getInfo().isAlive()) {
            machine.stopping();
            server.close();
            throw new IOException(damaged);
        }
    }

    /// Entries that this store has answered for must not vanish: without the snapshot that a cut log goes on from the
    /// state would silently stand still, and with a shorter log the store would vote for one that lacks commits.
    ///
    /// @param appliedIndex of the state, which only ever takes what stands durably in the log
    private static void requireUnbroken(
            RatisConfig config, RaftServer server, CatalogStateMachine machine, long appliedIndex) throws IOException {
        RaftLog log = server.getDivision(RaftGroupId.valueOf(config.group())).getRaftLog();
        SnapshotInfo snapshot = machine.getLatestSnapshot();
        long covered = snapshot == null ? RaftLog.INVALID_LOG_INDEX : snapshot.getIndex();
        TermIndex newest = log.getLastEntryTermIndex();
        long last = Math.max(0, Math.max(covered, newest == null ? covered : newest.getIndex()));
        String broken = log.getStartIndex() > covered + 1
                ? "begins at " + log.getStartIndex() + ", and the snapshot before it is missing"
                : appliedIndex > last ? "ends at " + last + ", but had " + appliedIndex : "";
        if (!broken.isEmpty()) {
            machine.stopping();
            server.close();
            throw new IOException("the log in " + config.directory() + " " + broken
                    + ": this store cannot go on; on a living node: lockstep members replace "
                    + config.self().node());
        }
    }

    // --- offers and reads ---

    @Override
    public CompletableFuture<Long> offer(Bytes command) {
        if (!offers.tryAcquire()) {
            return failed("too many offers under way");
        }
        return offerAtLeader(command).whenComplete((index, failure) -> offers.release());
    }

    private CompletableFuture<Long> offerAtLeader(Bytes command) {
        if (division.getInfo().isLeader()) {
            // Who stops leading may never answer.
            return enter(command).orTimeout(LOCAL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        }
        if (!machine.isReadable(command)) {
            return failed("not a command");
        }
        Member leader = leader();
        if (leader == null) {
            return failed("no leader is known");
        }
        OfferOrder.Numbered offer = order.number(leader, command);
        return port.call(leader.address(), OFFER, offer.frame(), CALL_TIMEOUT)
                .whenComplete((answer, failure) -> {
                    if (failure != null) {
                        order.failed(offer);
                    }
                })
                .thenApply(answer -> answer.buffer().getLong());
    }

    @Override
    public CompletableFuture<Long> readIndex() {
        return atLeader(READ, Bytes.EMPTY, CALL_TIMEOUT, this::read);
    }

    private CompletableFuture<Long> enter(Bytes command) {
        return machine.isReadable(command) ? write(LogFrame.command(command)) : failed("not a command");
    }

    private CompletableFuture<Long> write(Message message) {
        return submit(message, RaftClientRequest.writeRequestType()).thenApply(RaftClientReply::getLogIndex);
    }

    /// The index is no older than the question, and at some moment after the question this node was the only leader.
    private CompletableFuture<Long> read() {
        CompletableFuture<Void> proof = leadership.prove();
        return submit(Message.EMPTY, RaftClientRequest.readRequestType())
                .thenApply(reply ->
                        reply.getMessage().getContent().asReadOnlyByteBuffer().getLong())
                .thenCombine(proof, (index, proven) -> index);
    }

    private CompletableFuture<RaftClientReply> submit(Message message, RaftClientRequest.Type type) {
        RaftClientRequest request = RaftClientRequest.newBuilder()
                .setClientId(client)
                .setServerId(server.getId())
                .setGroupId(group)
                .setCallId(calls.incrementAndGet())
                .setMessage(message)
                .setType(type)
                .build();
        try {
            return server.submitClientRequestAsync(request).thenApply(RatisConsensus::checked);
        } catch (IOException refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }

    private static RaftClientReply checked(RaftClientReply reply) {
        if (!reply.isSuccess()) {
            throw new CompletionException(new IOException("not done: " + reply.getException(), reply.getException()));
        }
        return reply;
    }

    private CompletableFuture<Long> atLeader(
            String method, Bytes request, Duration timeout, Supplier<CompletableFuture<Long>> here) {
        if (division.getInfo().isLeader()) {
            return here.get();
        }
        Member leader = leader();
        if (leader == null) {
            return failed("no leader is known");
        }
        return port.call(leader.address(), method, request, timeout)
                .thenApply(answer -> answer.buffer().getLong());
    }

    /// Answers what other nodes ask of this one, most of it as the leader. Called on a virtual thread of its own.
    private Bytes serve(String method, Bytes request) throws IOException {
        if (method.equals(TERM)) {
            return leadership.answer();
        }
        if (!division.getInfo().isLeader()) {
            throw new IOException("not the leader");
        }
        try {
            CompletableFuture<Long> answer = switch (method) {
                case OFFER -> order.inTurn(request, this::enter);
                case READ -> read();
                case MEMBERS -> setMembers(RaftMembers.decode(request));
                case TRANSFER -> transfer(RaftMembers.decode(request).getFirst());
                default -> throw new IOException("no such call: " + method);
            };
            return Bytes.wrap(ByteBuffer.allocate(Long.BYTES)
                    .putLong(0, answer.get(MEMBERS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS))
                    .array());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("stopping", interrupted);
        } catch (ExecutionException | TimeoutException failure) {
            throw new IOException("not done: " + failure.getMessage(), failure);
        }
    }

    // --- members ---

    @Override
    public CompletableFuture<Void> changeMembers(List<Member> members) {
        return atLeader(MEMBERS, RaftMembers.encode(members), MEMBERS_TIMEOUT, () -> setMembers(members))
                .thenAccept(index -> {});
    }

    private CompletableFuture<Long> setMembers(List<Member> members) {
        List<RaftPeer> peers = members.stream().map(RaftMembers::peer).toList();
        SetConfigurationRequest request =
                new SetConfigurationRequest(client, server.getId(), group, calls.incrementAndGet(), peers);
        ScheduledFuture<?> feeding =
                timer.scheduleAtFixedRate(this::feed, FEED_MILLIS, FEED_MILLIS, TimeUnit.MILLISECONDS);
        try {
            return server.setConfigurationAsync(request)
                    .thenApply(reply -> checked(reply).getLogIndex())
                    .whenComplete((index, failure) -> feeding.cancel(false));
        } catch (IOException refused) {
            feeding.cancel(false);
            return CompletableFuture.failedFuture(refused);
        }
    }

    private void feed() {
        var _ = write(LogFrame.nothing());
    }

    @Override
    public CompletableFuture<Void> transferLeadership(Member to) {
        return atLeader(TRANSFER, RaftMembers.encode(List.of(to)), MEMBERS_TIMEOUT, () -> transfer(to))
                .thenAccept(index -> {});
    }

    private CompletableFuture<Long> transfer(Member to) {
        TransferLeadershipRequest request = new TransferLeadershipRequest(
                client, server.getId(), group, calls.incrementAndGet(), RaftMembers.peerId(to), 10_000);
        try {
            return server.transferLeadershipAsync(request)
                    .thenApply(reply -> checked(reply).getLogIndex());
        } catch (IOException refused) {
            return CompletableFuture.failedFuture(refused);
        }
    }

    @Override
    public List<Member> members() {
        return peers().stream().map(RaftMembers::member).toList();
    }

    private Collection<RaftPeer> peers() {
        return division.getRaftConf().getAllPeers();
    }

    private @Nullable Member leader() {
        RaftPeerId leader = division.getInfo().getLeaderId();
        RaftPeer peer = leader == null ? null : division.getRaftConf().getPeer(leader);
        return peer == null ? null : RaftMembers.member(peer);
    }

    // --- status ---

    @Override
    public ConsensusStatus status() {
        DivisionInfo info = division.getInfo();
        Member leader = leader();
        NodeId leaderNode = leader == null ? null : leader.node();
        boolean isLeader = info.isLeader();
        boolean hasQuorum = isLeader ? info.isLeaderReady() : leader != null;
        return new ConsensusStatus(
                role(info.getCurrentRole()),
                leaderNode,
                info.getCurrentTerm(),
                division.getRaftLog().getLastCommittedIndex(),
                info.getLastAppliedIndex(),
                snapshotIndex(),
                hasQuorum,
                statusOfPeers(info));
    }

    private long snapshotIndex() {
        var snapshot = division.getStateMachine().getLatestSnapshot();
        return snapshot == null ? -1 : snapshot.getIndex();
    }

    private List<ConsensusStatus.Peer> statusOfPeers(DivisionInfo info) {
        List<ConsensusStatus.Peer> found = new ArrayList<>();
        var leaderInfo = info.getRoleInfoProto().getLeaderInfo();
        long[] matches = info.isLeader() ? info.getFollowerMatchIndices() : new long[0];
        for (RaftPeer peer : peers()) {
            if (peer.getId().equals(server.getId())) {
                continue;
            }
            long match = -1;
            long silentMillis = -1;
            for (int i = 0; i < leaderInfo.getFollowerInfoCount(); i++) {
                var follower = leaderInfo.getFollowerInfo(i);
                if (follower.getId().getId().equals(peer.getId().toByteString())) {
                    silentMillis = follower.getLastRpcElapsedTimeMs();
                    match = i < matches.length ? matches[i] : -1;
                }
            }
            found.add(new ConsensusStatus.Peer(RaftMembers.member(peer).node(), match, silentMillis));
        }
        return found;
    }

    private static Role role(RaftPeerRole role) {
        return switch (role) {
            case LEADER -> Role.LEADER;
            case CANDIDATE -> Role.CANDIDATE;
            case LISTENER -> Role.LEARNER;
            case FOLLOWER, UNRECOGNIZED -> Role.FOLLOWER;
        };
    }

    /// The configuration that this node was started with.
    public RatisConfig config() {
        return config;
    }

    private static <T> CompletableFuture<T> failed(String reason) {
        return CompletableFuture.failedFuture(new IOException(reason));
    }

    /// Ratis closes the log first and then waits for all connections of its server to end, without a bound.
    @Override
    public void close() {
        timer.shutdownNow();
        machine.stopping();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        Thread.ofPlatform().daemon(true).name("consensus-close").start(() -> {
            try {
                server.close();
                closed.complete(null);
            } catch (IOException | RuntimeException failure) {
                closed.completeExceptionally(failure);
            }
        });
        try {
            closed.get(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException unended) {
            log.atInfo().log("connections of peers did not end in time");
        } catch (ExecutionException failure) {
            throw new IllegalStateException("closing the log", failure.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
