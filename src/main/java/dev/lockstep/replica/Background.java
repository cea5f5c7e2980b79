package dev.lockstep.replica;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// Slow work off the control loop, whose outcome the loop takes. Thread-safe.
///
/// The loop always hears of the end: a defect of the work is a defect of the loop, which ends the node. Work that
/// ended unheard would leave what waits for it pending for ever.
final class Background {
    private final Executor workers;
    private final Executor loop;

    Background(Executor workers, Executor loop) {
        this.workers = workers;
        this.loop = loop;
    }

    /// @param work deals with failures of the disk itself
    <T> void run(Supplier<T> work, Consumer<T> then) {
        workers.execute(() -> {
            T outcome;
            try {
                outcome = work.get();
            } catch (RuntimeException | Error defect) {
                loop.execute(() -> {
                    throw defect;
                });
                return;
            }
            loop.execute(() -> then.accept(outcome));
        });
    }
}
