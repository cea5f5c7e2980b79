package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.LogCluster;
import dev.lockstep.consensus.TapeState;
import dev.lockstep.model.Address;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Real servers in this process, on free ports of the loopback address, each with a directory of its own.
final class RatisCluster extends LogCluster {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int SEGMENT_BYTES_MAX = 4096;
    private static final Pattern SEGMENT = Pattern.compile("log_(?:inprogress_)?(\\d+)(?:-\\d+)?");

    private final UUID group = UUID.randomUUID();
    private final Path home;
    private final long snapshotTriggerEntries;
    private final long preservedEntries;
    private final List<Member> founders;
    private final Map<StoreId, PeerPort> ports = new HashMap<>();

    RatisCluster(Path home, long snapshotTriggerEntries, long preservedEntries) throws IOException {
        this.home = home;
        this.snapshotTriggerEntries = snapshotTriggerEntries;
        this.preservedEntries = preservedEntries;
        this.founders = members();
    }

    private static List<Member> members() throws IOException {
        List<Member> members = new ArrayList<>();
        List<ServerSocket> held = new ArrayList<>();
        for (int number = 1; number <= 3; number++) {
            // All are held until all are known, so that they differ.
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            held.add(socket);
            Address address = new Address("127.0.0.1", socket.getLocalPort());
            members.add(new Member(new NodeId("node" + number), new StoreId("%016x".formatted(number)), address));
        }
        for (ServerSocket socket : held) {
            socket.close();
        }
        return List.copyOf(members);
    }

    @Override
    public List<Member> founders() {
        return founders;
    }

    @Override
    protected Consensus open(Member member, TapeState state) throws IOException {
        Path directory = home.resolve(member.store().value());
        boolean isNew = Files.notExists(directory);
        RatisConfig config = new RatisConfig(
                group,
                member,
                founders.contains(member) ? founders : List.of(),
                Files.createDirectories(directory),
                isNew,
                snapshotTriggerEntries,
                preservedEntries,
                SEGMENT_BYTES_MAX);
        PeerPort port = new PeerPort(member.address());
        ports.put(member.store(), port);
        return RatisConsensus.start(config, port, state);
    }

    PeerPort port(Member member) {
        return Objects.requireNonNull(ports.get(member.store()), () -> member + " is not running");
    }

    @Override
    protected void shut(Member member, Consensus log) {
        log.close();
        PeerPort port = ports.remove(member.store());
        if (port != null) {
            port.close();
        }
    }

    @Override
    public void await(String fact, Callable<Boolean> look) {
        Awaitility.await(fact)
                .atMost(PATIENCE)
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(5))
                .until(look);
    }

    @Override
    public long firstKeptIndex(Member member) throws IOException {
        Path directory =
                home.resolve(member.store().value()).resolve(group.toString()).resolve("current");
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> SEGMENT.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
                    .min()
                    .orElse(0);
        }
    }

    @Override
    public void close() throws IOException {
        super.close();
        ports.values().forEach(PeerPort::close);
    }
}
