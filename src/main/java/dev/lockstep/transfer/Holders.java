package dev.lockstep.transfer;

import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/// Which nodes hold which contents, wherever on them, as far as they could be asked.
///
/// @param byContent the nodes that hold a content; contents nobody holds are left out
/// @param unreached nodes that did not answer
public record Holders(Map<Digest, SortedSet<NodeId>> byContent, SortedSet<NodeId> unreached) {
    public Holders {
        Map<Digest, SortedSet<NodeId>> copies = new HashMap<>();
        byContent.forEach(
                (digest, nodes) -> copies.put(digest, Collections.unmodifiableSortedSet(new TreeSet<>(nodes))));
        byContent = Map.copyOf(copies);
        unreached = Collections.unmodifiableSortedSet(new TreeSet<>(unreached));
    }

    public SortedSet<NodeId> of(Digest content) {
        return byContent.getOrDefault(content, Collections.emptySortedSet());
    }

    /// Whether every node was asked and none has it.
    public boolean isGone(Digest content) {
        return unreached.isEmpty() && of(content).isEmpty();
    }
}
