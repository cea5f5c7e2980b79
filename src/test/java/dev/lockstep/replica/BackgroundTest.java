package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

/// Slow work always ends on the control loop. Workers and loop are queues, run by hand.
final class BackgroundTest {
    private final Queue<Runnable> workers = new ArrayDeque<>();
    private final Queue<Runnable> loop = new ArrayDeque<>();
    private final Background background = new Background(workers::add, loop::add);
    private final List<String> taken = new ArrayList<>();

    @Test
    void outcomeIsTakenByTheLoop() {
        background.run(() -> "read", taken::add);
        workers.remove().run();
        assertThat(taken).as("not by the worker").isEmpty();
        loop.remove().run();
        assertThat(taken).containsExactly("read");
    }

    /// What a worker fails with, unheard, leaves a path pending until the node is started again.
    @Test
    void defectOfTheWorkIsOneOfTheLoop() {
        background.<String>run(
                () -> {
                    throw new OutOfMemoryError("no buffer");
                },
                taken::add);
        workers.remove().run();
        assertThatThrownBy(loop.remove()::run)
                .isInstanceOf(OutOfMemoryError.class)
                .hasMessage("no buffer");
        assertThat(taken).isEmpty();
    }
}
