package dev.lockstep.simulation;

import dev.lockstep.replica.ControlLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// A control loop whose turns are tasks of the [VirtualTime].
final class SimulatedLoop implements ControlLoop {
    private static final int TASKS_AT_ONCE = 256;
    private static final long REST_NANOS_MAX = Duration.ofSeconds(1).toNanos();
    private static final long REST_NANOS_MIN = 10_000;

    private final SimulatedProcess process;
    private final VirtualTime time;
    private final Supplier<Duration> lag;
    private final LongSupplier work;
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private long plannedNanos = Long.MAX_VALUE;
    private long plan;
    private boolean isStarted;
    private boolean isClosed;

    /// @param lag how long the loop takes to begin with what was handed over
    SimulatedLoop(SimulatedProcess process, VirtualTime time, Supplier<Duration> lag, LongSupplier work) {
        this.process = process;
        this.time = time;
        this.lag = lag;
        this.work = work;
    }

    @Override
    public void start() {
        isStarted = true;
        planAt(time.nowNanos());
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (isStarted && !isClosed) {
            planAt(time.nowNanos() + lag.get().toNanos());
        }
    }

    private void planAt(long atNanos) {
        if (atNanos < plannedNanos) {
            plannedNanos = atNanos;
            long mine = ++plan;
            time.at(atNanos, () -> {
                if (mine == plan) {
                    process.run(this::turn);
                }
            });
        }
    }

    private void turn() {
        plannedNanos = Long.MAX_VALUE;
        if (isClosed) {
            return;
        }
        for (int i = 0; i < TASKS_AT_ONCE && !tasks.isEmpty(); i++) {
            tasks.removeFirst().run();
        }
        long restNanos = tasks.isEmpty() ? Math.min(REST_NANOS_MAX, work.getAsLong()) : 0;
        planAt(time.nowNanos() + Math.max(REST_NANOS_MIN, restNanos));
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
