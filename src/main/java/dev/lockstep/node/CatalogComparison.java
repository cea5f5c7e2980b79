package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Compares this node's catalog with those of the other members at fixed log indexes: they must be the
/// same. A node whose catalog is another one ends instead of spreading it. Thread-safe.
final class CatalogComparison implements AutoCloseable {
    /// A digest is kept at every multiple of this log index.
    static final long EVERY_ENTRIES = 4096;
    /// How many are kept, the newest: a member that lags further is compared later.
    static final int KEPT_MAX = 64;

    private static final Duration ASK_EVERY = Duration.ofSeconds(20);
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(5);
    private static final Logger log = LoggerFactory.getLogger(CatalogComparison.class);

    private final NodeId self;
    private final Catalog catalog;
    private final NavigableMap<Long, Digest> kept = new TreeMap<>();
    private long agreedIndex;
    private volatile boolean isClosed;

    CatalogComparison(NodeId self, Catalog catalog) {
        this.self = self;
        this.catalog = catalog;
    }

    /// Called by the applying thread after each index.
    void applied(long logIndex) {
        // What is applied again after a restart leaves the catalog at a later index.
        if (logIndex % EVERY_ENTRIES == 0 && catalog.appliedIndex() == logIndex) {
            keep(logIndex, catalog.read(Catalog.View::digest));
        }
    }

    private synchronized void keep(long logIndex, Digest digest) {
        kept.put(logIndex, digest);
        if (kept.size() > KEPT_MAX) {
            kept.pollFirstEntry();
        }
    }

    /// Asks now and then, until closed.
    ///
    /// @param failed told when this node must not go on
    void start(PeerQuestions questions, Consumer<Throwable> failed) {
        Thread.ofVirtual().name("catalog-comparison").start(() -> {
            try {
                while (!isClosed) {
                    Thread.sleep(ASK_EVERY);
                    if (hasNews()) {
                        ask(questions).ifPresent(why -> failed.accept(new IllegalStateException(why)));
                    }
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        });
    }

    private synchronized boolean hasNews() {
        return !kept.isEmpty() && kept.lastKey() > agreedIndex;
    }

    private Optional<String> ask(PeerQuestions questions) throws InterruptedException {
        Map<NodeId, SortedMap<Long, Digest>> others = new TreeMap<>();
        questions.answers(PeerQuestions.DIGESTS, Bytes.EMPTY, ASK_TIMEOUT).forEach((node, answer) -> {
            try {
                others.put(node, decode(answer));
            } catch (IOException malformed) {
                log.atWarn()
                        .addKeyValue("peer", node)
                        .addKeyValue("cause", malformed.toString())
                        .log("no catalog digests");
            }
        });
        return judge(others, questions.voters().size());
    }

    /// @param members how many there are, this node included
    /// @return why this node must not go on, empty if it may
    synchronized Optional<String> judge(Map<NodeId, SortedMap<Long, Digest>> others, int members) {
        for (Map.Entry<Long, Digest> own : kept.tailMap(agreedIndex, false).entrySet()) {
            int same = 1;
            NodeId differing = null;
            for (Map.Entry<NodeId, SortedMap<Long, Digest>> other : others.entrySet()) {
                Digest theirs = other.getValue().get(own.getKey());
                same += own.getValue().equals(theirs) ? 1 : 0;
                differing = theirs == null || own.getValue().equals(theirs) ? differing : other.getKey();
            }
            if (differing != null && 2 * same <= members) {
                return Optional.of("the catalog of " + self + " differs from that of " + differing + " at log index "
                        + own.getKey() + ": this node ends, its files are untouched. Bring it back by: lockstep members"
                        + " replace " + self);
            }
            if (differing != null) {
                log.atError()
                        .addKeyValue("peer", differing)
                        .addKeyValue("logIndex", own.getKey())
                        .log("the catalog of a peer differs from that of the majority");
            }
            if (same == members) {
                agreedIndex = own.getKey();
            }
        }
        return Optional.empty();
    }

    /// One line for each index: the index and the digest.
    synchronized Bytes encode() {
        StringBuilder text = new StringBuilder();
        kept.forEach((logIndex, digest) ->
                text.append(logIndex).append(' ').append(digest.bytes()).append('\n'));
        return Bytes.utf8(text.toString());
    }

    static SortedMap<Long, Digest> decode(Bytes answer) throws IOException {
        SortedMap<Long, Digest> digests = new TreeMap<>();
        try {
            for (String line : answer.toUtf8().lines().toList()) {
                int space = line.indexOf(' ');
                Bytes digest = Bytes.wrap(HexFormat.of().parseHex(line, space + 1, line.length()));
                digests.put(Long.parseLong(line, 0, space, 10), new Digest(digest));
            }
            return digests;
        } catch (IllegalArgumentException | IndexOutOfBoundsException malformed) {
            throw new IOException("not digests: " + malformed.getMessage(), malformed);
        }
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
