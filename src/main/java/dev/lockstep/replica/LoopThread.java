package dev.lockstep.replica;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The one thread that owns a folder: runs tasks handed to it, and between them `work`, which says how long
/// it can rest. The
/// queue has no bound of its own; who hands over unbounded amounts (commits, hints) has one.
public final class LoopThread implements ControlLoop {
    private static final int TASKS_AT_ONCE = 256;
    private static final long REST_NANOS_MAX = 1_000_000_000;

    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private final LongSupplier work;
    private final Consumer<Throwable> failed;
    private final Thread thread;
    private volatile boolean isClosed;

    /// @param work   returns nanoseconds until it wants to run again though no task came
    /// @param failed told of a defect, which ends the thread
    public LoopThread(String name, LongSupplier work, Consumer<Throwable> failed) {
        this.work = work;
        this.failed = failed;
        this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
    }

    @Override
    public void start() {
        thread.start();
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    private void run() {
        try {
            while (!isClosed) {
                long restNanos = Math.min(REST_NANOS_MAX, work.getAsLong());
                runTasks(tasks.poll(Math.max(0, restNanos), TimeUnit.NANOSECONDS));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error defect) {
            failed.accept(defect);
        }
    }

    private void runTasks(@Nullable Runnable first) {
        Runnable task = first;
        for (int i = 0; task != null && i < TASKS_AT_ONCE; i++) {
            task.run();
            task = tasks.poll();
        }
        if (task != null) {
            task.run();
        }
    }

    @Override
    public void close() {
        isClosed = true;
        tasks.add(() -> {});
        if (Thread.currentThread() == thread) {
            return;
        }
        try {
            thread.join(5_000);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
