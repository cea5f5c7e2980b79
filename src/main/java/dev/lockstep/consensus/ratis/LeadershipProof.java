package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.PeerCalls;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;

/// Proves to a leader that it was still the only one after it was asked: a majority says that it has entered no later
/// term. The Raft paper, section 8, asks that of every read. Ratis leaves it out while nothing was committed since its
/// last heartbeat was answered, so that a leader that was paused or cut off would answer with what is no longer true.
///
/// Thread-safe.
final class LeadershipProof {
    private final PeerCalls calls;
    private final RaftServer.Division division;
    private final String method;
    private final Duration timeout;

    /// @param method the name of the question
    LeadershipProof(PeerCalls calls, RaftServer.Division division, String method, Duration timeout) {
        this.calls = calls;
        this.division = division;
        this.method = method;
        this.timeout = timeout;
    }

    /// The answer of this node to a leader: the latest term it has entered, eight bytes.
    Bytes answer() {
        return Bytes.wrap(ByteBuffer.allocate(Long.BYTES)
                .putLong(0, division.getInfo().getCurrentTerm())
                .array());
    }

    /// @return completes when there is proof, exceptionally with an [IOException] when there can be none
    CompletableFuture<Void> prove() {
        Round round = new Round(division.getInfo().getCurrentTerm(), division.getRaftConf());
        round.begin();
        return round.proof;
    }

    /// One question to all others.
    private final class Round {
        private final long term;
        private final Collection<RaftPeer> current;
        private final Collection<RaftPeer> previous;
        private final Set<RaftPeerId> agreed = new HashSet<>();
        private final CompletableFuture<Void> proof = new CompletableFuture<>();
        private int unanswered;

        private Round(long term, RaftConfiguration members) {
            this.term = term;
            this.current = members.getCurrentPeers();
            this.previous = members.getPreviousPeers();
        }

        private void begin() {
            agreed.add(division.getId());
            Set<RaftPeer> others = new HashSet<>(current);
            others.addAll(previous);
            others.removeIf(peer -> peer.getId().equals(division.getId()));
            unanswered = others.size();
            judge();
            for (RaftPeer peer : others) {
                var _ = calls.call(RaftMembers.member(peer).address(), method, Bytes.EMPTY, timeout)
                        .whenComplete((answer, failure) -> answered(
                                peer.getId(), failure == null && answer.buffer().getLong() <= term));
            }
        }

        private synchronized void answered(RaftPeerId peer, boolean isSameTerm) {
            unanswered--;
            if (isSameTerm) {
                agreed.add(peer);
            }
            judge();
        }

        private synchronized void judge() {
            boolean isLeader =
                    division.getInfo().isLeader() && division.getInfo().getCurrentTerm() == term;
            if (isLeader && isMajority(current) && (previous.isEmpty() || isMajority(previous))) {
                proof.complete(null);
            } else if (unanswered == 0 || !isLeader) {
                proof.completeExceptionally(new IOException("no majority confirms that this node leads"));
            }
        }

        private boolean isMajority(Collection<RaftPeer> members) {
            long yes = members.stream()
                    .filter(peer -> agreed.contains(peer.getId()))
                    .count();
            return yes > members.size() / 2;
        }
    }
}
