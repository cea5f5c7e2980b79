package dev.lockstep.failpoint;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The places. What happens at one is said before the start, as `-Dlockstep.failpoints=place=action,...`:
///
/// | action | what happens when the place is reached |
/// |---|---|
/// | `panic` | the process ends at once, as by SIGKILL |
/// | `panic:N` | that, when it is reached for the N-th time |
/// | `sleep:N` | the thread waits for N milliseconds, each time |
/// | `error` | an `IOException`, each time, where the place can have one |
///
/// Compiled in, off by default. Any thread.
public final class FailPoint {
    /// Ended by SIGKILL, as a shell tells it.
    private static final int KILLED = 137;

    private static final Map<String, Action> ACTIONS = actions(System.getProperty("lockstep.failpoints", ""));

    private FailPoint() {}

    private sealed interface Action {
        record Panic(int time, AtomicInteger reached) implements Action {}

        record Sleep(long millis) implements Action {}

        record Fail() implements Action {}
    }

    private static Map<String, Action> actions(String text) {
        return Stream.of(text.split(",", -1))
                .filter(part -> !part.isBlank())
                .map(part -> part.split("=", 2))
                .collect(Collectors.toUnmodifiableMap(words -> words[0], words -> action(words[words.length - 1])));
    }

    private static Action action(String text) {
        String[] words = text.split(":", 2);
        int number = words.length == 1 ? 1 : Integer.parseInt(words[1]);
        return switch (words[0]) {
            case "panic" -> new Action.Panic(number, new AtomicInteger());
            case "sleep" -> new Action.Sleep(number);
            case "error" -> new Action.Fail();
            default -> throw new IllegalArgumentException("no action of a fail point: " + text);
        };
    }

    /// Passes a place that may fail.
    public static void reach(String place) throws IOException {
        if (!ACTIONS.isEmpty() && act(place)) {
            throw new IOException("fail point " + place);
        }
    }

    /// Passes a place that cannot fail: `error` does nothing there.
    public static void pass(String place) {
        if (!ACTIONS.isEmpty()) {
            boolean _ = act(place);
        }
    }

    /// @return whether it shall fail
    private static boolean act(String place) {
        return switch (ACTIONS.get(place)) {
            case null -> false;
            case Action.Panic(int time, AtomicInteger reached) -> {
                if (reached.incrementAndGet() == time) {
                    Runtime.getRuntime().halt(KILLED);
                }
                yield false;
            }
            case Action.Sleep(long millis) -> {
                LockSupport.parkNanos(millis * 1_000_000);
                yield false;
            }
            case Action.Fail() -> true;
        };
    }
}
