package dev.lockstep.replica;

import dev.lockstep.model.RelativePath;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// Paths that need somebody's attention, each with its reason. Bounded: what is beyond is counted, not kept.
/// Thread-safe.
public final class Problems {
    static final int KEPT_MAX = 1000;

    /// What stands at the path, or what shall stand there, and why it does not.
    public record Problem(RelativePath path, String reason) {}

    private final TreeMap<RelativePath, String> reasons = new TreeMap<>();
    private long notKept;

    synchronized void put(RelativePath path, String reason) {
        if (reasons.size() < KEPT_MAX || reasons.containsKey(path)) {
            reasons.put(path, reason);
        } else {
            notKept++;
        }
    }

    synchronized void clear(RelativePath path) {
        if (!reasons.isEmpty()) {
            reasons.remove(path);
        }
    }

    public synchronized List<Problem> some(int limit) {
        List<Problem> found = new ArrayList<>();
        reasons.forEach((path, reason) -> {
            if (found.size() < limit) {
                found.add(new Problem(path, reason));
            }
        });
        return found;
    }

    public synchronized long count() {
        return reasons.size() + notKept;
    }
}
