package dev.lockstep.consensus;

import dev.lockstep.model.NodeId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What this node knows of the log right now.
///
/// @param role         of this node
/// @param leader       the current leader, null when none is known
/// @param term         leadership number
/// @param commitIndex  agreed so far, as this node knows
/// @param appliedIndex in this node's catalog so far
/// @param snapshotIndex last index of the newest snapshot, -1 without one
/// @param hasQuorum    the leader hears a majority; a follower hears a leader
/// @param peers        the other members; what only a leader knows is -1 elsewhere
public record ConsensusStatus(
        Role role,
        @Nullable NodeId leader,
        long term,
        long commitIndex,
        long appliedIndex,
        long snapshotIndex,
        boolean hasQuorum,
        List<Peer> peers) {
    public ConsensusStatus {
        peers = List.copyOf(peers);
    }

    public enum Role {
        LEADER,
        FOLLOWER,
        CANDIDATE,
        LEARNER
    }

    /// @param matchIndex      the last log index known to stand on the peer, -1 if unknown
    /// @param silentMillis    since the leader last heard it, -1 if unknown
    public record Peer(NodeId node, long matchIndex, long silentMillis) {}
}
