package dev.lockstep.it;

import java.time.Duration;
import java.util.concurrent.Callable;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.awaitility.core.ThrowingRunnable;

/// Waiting for facts. A look that fails with an exception is a look that saw nothing yet.
final class Await {
    private static final Duration LOOK_EVERY = Duration.ofMillis(5);
    private static final Duration SLACK = Duration.ofMillis(900);

    private Await() {}

    static void until(String fact, Duration atMost, Callable<Boolean> look) {
        patient(fact, atMost).until(look);
    }

    static void untilAsserted(String fact, Duration atMost, ThrowingRunnable look) {
        patient(fact, atMost).untilAsserted(look);
    }

    /// The fact holds now and for as long as said.
    static void stays(String fact, Duration howLong, Callable<Boolean> look) {
        patient(fact, howLong.plus(SLACK)).during(howLong).until(look);
    }

    private static ConditionFactory patient(String fact, Duration atMost) {
        return Awaitility.await(fact)
                .atMost(atMost)
                .pollDelay(Duration.ZERO)
                .pollInterval(LOOK_EVERY)
                .ignoreExceptions();
    }
}
