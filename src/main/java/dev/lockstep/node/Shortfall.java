package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import dev.lockstep.transfer.Holders;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.TimeUnit;

/// Old contents that fewer nodes hold than a majority, and that this node lacks. Right after a commit the holders are
/// changing hands: a node that is about to displace a content has it neither in its folder nor in its history, and one
/// that is down does not answer. So what is short stays here and is asked for again after 1 s, 2 s, 4 s and so on.
///
/// For one thread.
final class Shortfall {
    private static final long FIRST_NANOS = TimeUnit.SECONDS.toNanos(1);
    /// With the pauses doubling, two minutes in all. What is still short then is left to the next sweep.
    private static final int ATTEMPTS_MAX = 7;
    private static final int WAITING_MAX = 10_000;

    private final NodeId self;
    private final PriorityQueue<Waiting> waiting = new PriorityQueue<>(Comparator.comparingLong(Waiting::dueNanos));
    private final Set<Digest> contents = new HashSet<>();

    private record Waiting(Content.File content, int attempts, long dueNanos) {
        Digest digest() {
            return content.digest();
        }
    }

    Shortfall(NodeId self) {
        this.self = self;
    }

    /// Takes up contents that this node lacks; those it has taken up before keep their pauses.
    void add(Iterable<Content.File> lacking, long nowNanos) {
        for (Content.File content : lacking) {
            if (contents.size() < WAITING_MAX && contents.add(content.digest())) {
                waiting.add(new Waiting(content, 0, nowNanos));
            }
        }
    }

    /// @return contents to ask the nodes for now, each to be given to [#isMine] or [#settle]
    List<Content.File> due(long nowNanos, int limit) {
        List<Content.File> due = new ArrayList<>();
        List<Waiting> again = new ArrayList<>();
        while (due.size() < limit && !waiting.isEmpty() && waiting.peek().dueNanos() <= nowNanos) {
            Waiting next = waiting.remove();
            due.add(next.content());
            if (next.attempts() < ATTEMPTS_MAX) {
                long pauseNanos = FIRST_NANOS << next.attempts();
                again.add(new Waiting(next.content(), next.attempts() + 1, nowNanos + pauseNanos));
            } else {
                contents.remove(next.digest());
            }
        }
        waiting.addAll(again);
        return due;
    }

    /// Whether this node is one of those to copy the content, by a rank that all nodes compute alike.
    boolean isMine(Digest content, Holders holders, List<NodeId> voters) {
        SortedSet<NodeId> have = holders.of(content);
        int wanted = voters.size() / 2 + 1 - have.size();
        if (wanted <= 0) {
            settle(content);
            return false;
        }
        if (have.isEmpty()) {
            return false;
        }
        List<NodeId> candidates = new ArrayList<>(voters);
        candidates.removeAll(have);
        candidates.removeAll(holders.unreached());
        candidates.sort(
                Comparator.comparing((NodeId node) -> rank(content, node)).thenComparing(node -> node));
        return candidates.subList(0, Math.min(wanted, candidates.size())).contains(self);
    }

    private static Digest rank(Digest content, NodeId node) {
        return Digest.of(Bytes.utf8(content + " " + node));
    }

    /// Enough nodes hold it, or this one does.
    void settle(Digest content) {
        if (contents.remove(content)) {
            waiting.removeIf(each -> each.digest().equals(content));
        }
    }
}
