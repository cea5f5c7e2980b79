package dev.lockstep.node;

import dev.lockstep.consensus.PeerCalls;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a node asks its fellow members. Thread-safe.
final class PeerQuestions {
    static final String PREFIX = "node.";
    static final String PLACED = PREFIX + "placed";
    static final String DIGESTS = PREFIX + "digests";
    static final String DEEP = PREFIX + "deep";
    static final String TREE = PREFIX + "tree";

    private static final Logger log = LoggerFactory.getLogger(PeerQuestions.class);

    private final NodeId self;
    private final PeerCalls calls;
    private final Supplier<List<Member>> members;

    PeerQuestions(NodeId self, PeerCalls calls, Supplier<List<Member>> members) {
        this.self = self;
        this.calls = calls;
        this.members = members;
    }

    List<NodeId> voters() {
        return members.get().stream().map(Member::node).toList();
    }

    CompletableFuture<Bytes> call(NodeId peer, String method, Bytes request, Duration timeout) {
        for (Member member : members.get()) {
            if (member.node().equals(peer)) {
                return calls.call(member.address(), method, request, timeout);
            }
        }
        return CompletableFuture.failedFuture(new IOException(peer + " is no member"));
    }

    private Map<NodeId, CompletableFuture<Bytes>> askAll(String method, Bytes request, Duration timeout) {
        Map<NodeId, CompletableFuture<Bytes>> asked = new TreeMap<>();
        for (NodeId peer : voters()) {
            if (!peer.equals(self)) {
                asked.put(peer, call(peer, method, request, timeout));
            }
        }
        return asked;
    }

    /// @return what those answered who did in time
    Map<NodeId, Bytes> answers(String method, Bytes request, Duration timeout) throws InterruptedException {
        Map<NodeId, Bytes> answers = new TreeMap<>();
        for (Map.Entry<NodeId, CompletableFuture<Bytes>> one :
                askAll(method, request, timeout).entrySet()) {
            try {
                answers.put(one.getKey(), one.getValue().get());
            } catch (ExecutionException unreachable) {
                log.atDebug().addKeyValue("peer", one.getKey()).log("no answer");
            }
        }
        return answers;
    }

    /// @return for each member that has not placed everything up to `logIndex` in time, why
    List<String> notPlaced(long logIndex, Duration timeout) throws InterruptedException {
        List<String> found = new ArrayList<>();
        Bytes request = Bytes.utf8(logIndex + " " + timeout.toMillis());
        Map<NodeId, CompletableFuture<Bytes>> asked = askAll(PLACED, request, timeout.plusSeconds(1));
        for (Map.Entry<NodeId, CompletableFuture<Bytes>> one : asked.entrySet()) {
            try {
                String reason = one.getValue().get().toUtf8();
                if (!reason.isEmpty()) {
                    found.add(reason);
                }
            } catch (ExecutionException unreachable) {
                found.add(one.getKey() + " cannot be reached");
            }
        }
        return found;
    }

    VerifyReport verify(TreeState here, long logIndex, Duration timeout) throws InterruptedException {
        List<TreeState> trees = new ArrayList<>(List.of(here));
        List<String> unreached = new ArrayList<>();
        Bytes request = Bytes.utf8(logIndex + " " + timeout.toMillis());
        Map<NodeId, CompletableFuture<Bytes>> asked = askAll(TREE, request, timeout.plusSeconds(1));
        for (Map.Entry<NodeId, CompletableFuture<Bytes>> one : asked.entrySet()) {
            try {
                trees.add(decode(one.getValue().get()));
            } catch (ExecutionException | IOException unreachable) {
                unreached.add(one.getKey() + ": " + unreachable.getMessage());
            }
        }
        boolean isSame = unreached.isEmpty()
                && trees.stream()
                        .allMatch(tree -> tree.differences().isEmpty()
                                && tree.catalogDigest().equals(here.catalogDigest())
                                && tree.folderDigest().equals(tree.catalogDigest()));
        return new VerifyReport(isSame, trees, unreached, List.of());
    }

    /// One line of numbers, then one line per difference.
    static Bytes encode(TreeState tree, List<String> unsettled) {
        StringBuilder text = new StringBuilder();
        text.append(tree.node()).append(' ').append(tree.index()).append(' ').append(tree.catalogDigest());
        text.append(' ').append(tree.folderDigest()).append(' ').append(tree.entries());
        tree.differences().forEach(line -> text.append('\n').append(line));
        unsettled.forEach(line -> text.append('\n').append(line));
        return Bytes.utf8(text.toString());
    }

    static TreeState decode(Bytes bytes) throws IOException {
        List<String> lines = bytes.toUtf8().lines().toList();
        String[] words = lines.isEmpty() ? new String[0] : lines.getFirst().split(" ");
        if (words.length != 5) {
            throw new IOException("not a tree");
        }
        return new TreeState(
                words[0],
                Long.parseLong(words[1]),
                words[2],
                words[3],
                Long.parseLong(words[4]),
                lines.subList(1, lines.size()));
    }
}
