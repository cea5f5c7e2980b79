package dev.lockstep.node;

import java.util.List;

/// The tree of a node at one log index.
///
/// @param index         the catalog's applied index
/// @param catalogDigest equal on all nodes at one index
/// @param folderDigest  of the folder index; equal to the catalog's when the folder has caught up
/// @param differences   where the folder on disk is not as the catalog says; the first ones
public record TreeState(
        String node, long index, String catalogDigest, String folderDigest, long entries, List<String> differences) {
    public TreeState {
        differences = List.copyOf(differences);
    }
}
