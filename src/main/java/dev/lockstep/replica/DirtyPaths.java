package dev.lockstep.replica;

import dev.lockstep.model.RelativePath;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/// Paths that may differ from the folder index, and when to look. Times are of the monotonic clock that
/// [FolderReplica.Parts] names. Owned by the
/// control loop.
///
/// Every path carries the number it had when it became dirty first; the barrier waits for numbers.
final class DirtyPaths {
    static final long SETTLE_NANOS = 200_000_000;
    static final long SETTLE_LONGEST_NANOS = 2_000_000_000;

    /// @param sequence of the first hint that is not yet looked at
    record Dirty(RelativePath path, long sequence, long firstNanos, long dueNanos) {}

    private final Map<RelativePath, Dirty> byPath = new HashMap<>();
    private final PriorityQueue<Dirty> byDue = new PriorityQueue<>((a, b) -> Long.signum(a.dueNanos() - b.dueNanos()));

    /// To be looked at at once.
    void now(RelativePath path, long sequence, long nowNanos) {
        Dirty before = byPath.get(path);
        if (before != null && before.dueNanos() - nowNanos <= 0) {
            lower(before, sequence);
        } else {
            schedule(path, sequence, nowNanos, nowNanos);
        }
    }

    /// To be looked at when it has been quiet for the settle time, or was not for the longest settle time.
    void whenSettled(RelativePath path, long sequence, long nowNanos) {
        Dirty before = byPath.get(path);
        long firstNanos = before == null ? nowNanos : before.firstNanos();
        long dueNanos = Math.min(nowNanos + SETTLE_NANOS, firstNanos + SETTLE_LONGEST_NANOS);
        if (before != null && before.dueNanos() - nowNanos <= 0) {
            lower(before, sequence);
        } else {
            schedule(path, sequence, firstNanos, dueNanos);
        }
    }

    /// To be looked at after a delay, or when it is to be looked at anyway.
    void later(RelativePath path, long sequence, long nowNanos, long delayNanos) {
        Dirty before = byPath.get(path);
        if (before != null) {
            lower(before, sequence);
        } else {
            schedule(path, sequence, nowNanos, nowNanos + delayNanos);
        }
    }

    /// An older hint that was not looked at after all: what waits for it must not pass before.
    private void lower(Dirty before, long sequence) {
        if (sequence < before.sequence()) {
            schedule(before.path(), sequence, before.firstNanos(), before.dueNanos());
        }
    }

    private void schedule(RelativePath path, long sequence, long firstNanos, long dueNanos) {
        Dirty before = byPath.get(path);
        long first = before == null ? sequence : Math.min(before.sequence(), sequence);
        Dirty dirty = new Dirty(path, first, firstNanos, dueNanos);
        byPath.put(path, dirty);
        byDue.add(dirty);
    }

    void allNow(long nowNanos) {
        for (Dirty dirty : List.copyOf(byPath.values())) {
            now(dirty.path(), dirty.sequence(), nowNanos);
        }
    }

    /// Takes up to `limit` paths that are due.
    List<Dirty> take(long nowNanos, int limit) {
        List<Dirty> due = new ArrayList<>();
        while (due.size() < limit && !byDue.isEmpty() && byDue.peek().dueNanos() - nowNanos <= 0) {
            Dirty dirty = byDue.poll();
            if (byPath.remove(dirty.path(), dirty)) {
                due.add(dirty);
            }
        }
        return due;
    }

    /// Nanoseconds until the next path is due, [Long#MAX_VALUE] if none is.
    long untilDue(long nowNanos) {
        while (!byDue.isEmpty() && !byDue.peek().equals(byPath.get(byDue.peek().path()))) {
            byDue.poll();
        }
        return byDue.isEmpty() ? Long.MAX_VALUE : Math.max(0, byDue.peek().dueNanos() - nowNanos);
    }

    long oldestSequence() {
        return byPath.values().stream().mapToLong(Dirty::sequence).min().orElse(Long.MAX_VALUE);
    }

    int size() {
        return byPath.size();
    }

    List<RelativePath> some(int limit) {
        return byPath.keySet().stream().limit(limit).toList();
    }
}
