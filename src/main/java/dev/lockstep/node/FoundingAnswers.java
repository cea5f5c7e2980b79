package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Answers peers that want to know who this node is, found a cluster with it, or become a member. Thread-safe.
final class FoundingAnswers {
    static final String PREFIX = "found.";
    static final String WHO = PREFIX + "who";
    static final String RECORD = PREFIX + "record";
    static final String ADMIT = PREFIX + "admit";

    private final NodeConfig config;
    private final OwnStore own;
    private volatile @Nullable ClusterView cluster;

    /// What the running node knows of its cluster.
    interface ClusterView {
        List<Member> members();

        /// The stores that `node` had before an administrator allowed it another one.
        Set<StoreId> lostStores(NodeId node);

        CompletableFuture<Void> admit(Member newcomer);
    }

    FoundingAnswers(NodeConfig config, OwnStore own) {
        this.config = config;
        this.own = own;
    }

    void running(ClusterView view) {
        cluster = view;
    }

    Bytes serve(String method, Bytes request) throws IOException {
        return switch (method) {
            case WHO -> Bytes.utf8(introduce(request.toUtf8()).encode());
            case RECORD -> {
                own.take(FoundingRecord.decode(request.toUtf8()));
                yield Bytes.EMPTY;
            }
            case ADMIT -> admit(request.toUtf8());
            default -> throw new IOException("no such call: " + method);
        };
    }

    /// What to ask a peer for its [Introduction].
    static Bytes question(NodeId node, StoreId store) {
        return Bytes.utf8(node + " " + store);
    }

    private Introduction introduce(String question) throws IOException {
        String[] words = question.split(" ");
        if (words.length != 2) {
            throw new IOException("not a question: " + question);
        }
        ClusterView view = cluster;
        Optional<Identity> mine = own.identity();
        if (mine.isEmpty()) {
            boolean isBlank = own.marker().isEmpty();
            return introduction(
                    isBlank ? Introduction.Standing.BLANK : Introduction.Standing.MARKED,
                    Optional.empty(),
                    List.of(),
                    0,
                    false);
        }
        Optional<UUID> id = Optional.of(mine.get().cluster());
        List<Member> current = view == null ? List.of() : view.members();
        if (view == null || current.isEmpty()) {
            return introduction(Introduction.Standing.STARTING, id, mine.get().members(), 0, false);
        }
        NodeId asking = new NodeId(words[0]);
        StoreId store = new StoreId(words[1]);
        Set<StoreId> lost = view.lostStores(asking);
        boolean isMember = current.stream().anyMatch(member -> member.node().equals(asking));
        boolean isReplaced = lost.contains(store);
        int lostBefore = isReplaced || isMember ? 0 : lost.size();
        return introduction(Introduction.Standing.RUNNING, id, current, lostBefore, isReplaced);
    }

    private Introduction introduction(
            Introduction.Standing standing,
            Optional<UUID> id,
            List<Member> members,
            int lostStores,
            boolean isReplaced) {
        return new Introduction(
                own.id(), NodeConfig.text(config.peers()), standing, id, members, lostStores, isReplaced);
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
}
