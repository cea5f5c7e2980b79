package dev.lockstep.simulation;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/// Time that passes only from one task to the next. Tasks due at one moment run in the order they were
/// given. For one thread.
public final class VirtualTime {
    private final PriorityQueue<Task> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Task::atNanos).thenComparingLong(Task::number));
    private long nowNanos;
    private long given;

    private record Task(long atNanos, long number, Runnable work) {}

    public long nowNanos() {
        return nowNanos;
    }

    /// A moment that is past counts as now.
    public void at(long atNanos, Runnable work) {
        tasks.add(new Task(Math.max(nowNanos, atNanos), given++, work));
    }

    public void after(Duration delay, Runnable work) {
        at(nowNanos + delay.toNanos(), work);
    }

    /// Runs all tasks up to a moment, which is then now.
    ///
    /// @param stepsMax after which it gives up
    /// @return how many tasks were run
    public int until(long untilNanos, int stepsMax) {
        int steps = 0;
        for (Task next = tasks.peek(); next != null && next.atNanos() <= untilNanos; next = tasks.peek()) {
            if (steps++ == stepsMax) {
                return steps;
            }
            step();
        }
        nowNanos = Math.max(nowNanos, untilNanos);
        return steps;
    }

    /// Goes on to the next task and runs it.
    ///
    /// @return false without one
    public boolean step() {
        Task next = tasks.poll();
        if (next == null) {
            return false;
        }
        nowNanos = next.atNanos();
        next.work().run();
        return true;
    }
}
