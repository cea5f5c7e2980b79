package dev.lockstep.transfer;

import dev.lockstep.content.ContentStore;
import dev.lockstep.content.OpenContent;
import dev.lockstep.content.Receiver;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Finds contents on whichever nodes hold them. Blocks; any virtual thread.
public final class ContentSearch {
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(5);
    private static final int RECEIVING_MAX = 4;

    private final NodeId self;
    private final Supplier<List<NodeId>> voters;
    private final PeerLink link;
    private final ContentStore store;
    private final Transfer transfer;
    private final Semaphore receiving = new Semaphore(RECEIVING_MAX);

    /// @param voters all voting nodes, this one included
    public ContentSearch(
            NodeId self, Supplier<List<NodeId>> voters, PeerLink link, ContentStore store, Transfer transfer) {
        this.self = self;
        this.voters = voters;
        this.link = link;
        this.store = store;
        this.transfer = transfer;
    }

    /// What became of the wish to read a content.
    public sealed interface Found {
        /// To be closed by whom it is given to.
        record Open(OpenContent content) implements Found {}

        /// @param holders who said to have it, and could not give it
        record Nowhere(Holders holders) implements Found {}
    }

    /// Asks all members which of the contents they hold.
    ///
    /// @param contents any number; asked for in several calls if there are many
    public Holders holders(Collection<Digest> contents) throws IOException {
        List<Digest> asked = contents.stream().distinct().toList();
        Map<Digest, SortedSet<NodeId>> holders = new HashMap<>();
        SortedSet<NodeId> unreached = new TreeSet<>();
        for (int from = 0; from < asked.size(); from += TransferCodec.HAS_MAX) {
            ask(asked.subList(from, Math.min(asked.size(), from + TransferCodec.HAS_MAX)), holders, unreached);
        }
        return new Holders(holders, unreached);
    }

    private void ask(List<Digest> asked, Map<Digest, SortedSet<NodeId>> holders, SortedSet<NodeId> unreached)
            throws IOException {
        Bytes request = TransferCodec.encode(asked);
        Map<NodeId, CompletableFuture<Bytes>> answers = new HashMap<>();
        for (NodeId peer : voters.get()) {
            answers.put(
                    peer,
                    peer.equals(self)
                            ? CompletableFuture.completedFuture(transfer.serve(Transfer.HAS, request))
                            : link.call(peer, Transfer.HAS, request, ASK_TIMEOUT));
        }
        answers.forEach((peer, answer) -> {
            try {
                Bytes has = Transfer.await(answer, ASK_TIMEOUT);
                for (int i = 0; i < Math.min(has.size(), asked.size()); i++) {
                    if (has.at(i) != 0) {
                        holders.computeIfAbsent(asked.get(i), digest -> new TreeSet<>())
                                .add(peer);
                    }
                }
            } catch (IOException unreachable) {
                unreached.add(peer);
            }
        });
    }

    /// Opens a content of this node or of another one, having found all of it right.
    ///
    /// @throws IOException if this node's disk fails
    public Found open(Content.File content) throws IOException {
        OpenContent own = openOwn(content);
        if (own != null) {
            return new Found.Open(own);
        }
        Holders holders = holders(List.of(content.digest()));
        for (NodeId holder : holders.of(content.digest())) {
            if (!holder.equals(self)) {
                OpenContent received = receive(content, holder);
                if (received != null) {
                    return new Found.Open(received);
                }
            }
        }
        return new Found.Nowhere(holders);
    }

    private @Nullable OpenContent openOwn(Content.File content) {
        try {
            return store.openVerified(content);
        } catch (IOException changedMeanwhile) {
            return null;
        }
    }

    private @Nullable OpenContent receive(Content.File content, NodeId holder) throws IOException {
        receiving.acquireUninterruptibly();
        try (Receiver receiver = store.receiveUnnamed(content)) {
            transfer.pull(content, holder, receiver);
            return receiver.finishUnnamed();
        } catch (IOException failed) {
            return null;
        } finally {
            receiving.release();
        }
    }

    /// Copies a content from one of its holders into this node's history.
    ///
    /// @return whether it stands there now, durably
    public boolean copyToHistory(Content.File content, Collection<NodeId> holders) {
        for (NodeId holder : holders) {
            try (Receiver receiver = store.receiveHistory(content)) {
                transfer.pull(content, holder, receiver);
                receiver.finish();
                return true;
            } catch (IOException failed) {
                // Another holder may do better.
            }
        }
        return false;
    }
}
