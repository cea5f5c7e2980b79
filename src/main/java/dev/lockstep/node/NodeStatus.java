package dev.lockstep.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a node stands, as the API tells it.
///
/// @param leader          node id, null when none is known
/// @param placedIndex     everything committed up to here stands in this node's folder
/// @param pending         changes found in this folder that are not committed yet
/// @param conflicts       conflict copies in the catalog
/// @param watch           `ok` or `degraded`
/// @param watchReason     why the watch is degraded
/// @param deletionsHalted why no deletion is proposed, null if they are
/// @param freeBytes       on the folder's file system; -1 if that cannot be told
/// @param inSync          folder, folder index and catalog agree at `placedIndex`, and nothing is under way
public record NodeStatus(
        String node,
        String role,
        @Nullable String leader,
        long term,
        long commitIndex,
        long appliedIndex,
        long placedIndex,
        long snapshotIndex,
        int pending,
        List<String> pendingPaths,
        int toPlace,
        List<Problem> unplaceable,
        List<Problem> unreadable,
        List<Problem> unsupported,
        long conflicts,
        long entries,
        String watch,
        @Nullable String watchReason,
        int watchedDirectories,
        @Nullable String deletionsHalted,
        boolean hasQuorum,
        boolean inSync,
        String folder,
        long freeBytes,
        long pid,
        List<Peer> peers) {
    public NodeStatus {
        pendingPaths = List.copyOf(pendingPaths);
        unplaceable = List.copyOf(unplaceable);
        unreadable = List.copyOf(unreadable);
        unsupported = List.copyOf(unsupported);
        peers = List.copyOf(peers);
    }

    /// A path for people, and what is wrong with it.
    public record Problem(String path, String reason) {}

    /// Another member, as this node sees it.
    ///
    /// @param matchIndex   the last log index known to stand there; -1 unless this node leads
    /// @param lag          commits that it does not hold yet; -1 unless this node leads
    /// @param silentMillis since the leader heard it; -1 unless this node leads
    public record Peer(String node, String address, long matchIndex, long lag, long silentMillis) {}
}
