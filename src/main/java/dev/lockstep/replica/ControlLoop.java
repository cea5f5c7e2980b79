package dev.lockstep.replica;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/// What runs a folder's tasks and work one after the other, never two at once. Handing over never blocks.
public interface ControlLoop extends Executor, AutoCloseable {
    /// Begins to run what was handed over, and to work.
    void start();

    /// Runs nothing any more once it returns.
    @Override
    void close();

    /// Makes loops that do not run yet.
    @FunctionalInterface
    interface Factory {
        /// @param work   does what is due and returns nanoseconds until it wants to run again though no task came
        /// @param failed told of a defect, which ends the loop
        ControlLoop make(LongSupplier work, Consumer<Throwable> failed);
    }
}
