package dev.lockstep.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.RenameMode;
import dev.lockstep.model.RelativePath;
import dev.lockstep.simulation.Script.Happening;
import dev.lockstep.simulation.UserStep.Opening;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// All short sequences of what a program does to three names, each with a kill before every disk operation and every
/// write of the folder index, on the node where it is done and on one where it is placed.
///
/// Of the pairs every n-th is tried, of the sequences of three every n cubed; `-Dlockstep.exhaustive.stride=1` tries
/// all.
final class PlacingExhaustiveTest {
    private static final long MILLI = 1_000_000;
    private static final long BEGIN_NANOS = 4_000 * MILLI;
    private static final long RESTART_NANOS = 6_000 * MILLI;
    private static final int ORIGIN = 1;
    private static final int OTHER = 2;
    private static final int OPERATIONS_MAX = 2_000;
    private static final int STRIDE = Integer.getInteger("lockstep.exhaustive.stride", 8);
    private static final Setting SETTING = new Setting(1, 3, 1, true, Long.MAX_VALUE, 2 * MILLI, false);

    private static final RelativePath A = RelativePath.of("a");
    private static final RelativePath B = RelativePath.of("b");
    private static final RelativePath D = RelativePath.of("d");
    private static final RelativePath INNER = RelativePath.of("d/a");

    private static final List<List<UserStep>> ALPHABET = List.of(
            saved(A, 11),
            saved(B, 12),
            saved(INNER, 13),
            List.of(new UserStep.Rename(A, B, RenameMode.REPLACE)),
            List.of(new UserStep.Rename(A, B, RenameMode.EXCHANGE)),
            List.of(new UserStep.Remove(A)),
            List.of(new UserStep.Rename(D, B, RenameMode.NO_REPLACE)),
            List.of(new UserStep.Rename(A, INNER, RenameMode.REPLACE)),
            List.of(new UserStep.RemoveTree(D)),
            List.of(new UserStep.Remove(B), new UserStep.MakeSymlink(B, "a")),
            List.of(new UserStep.ChangeMode(A, 0600)),
            List.of(new UserStep.MakeDirectories(D), new UserStep.Rename(D, A, RenameMode.EXCHANGE)));

    private final AtomicLong runs = new AtomicLong();

    @TempDir
    private Path snapshots;

    private static List<UserStep> saved(RelativePath path, int token) {
        return List.of(
                new UserStep.MakeDirectories(path.parent()),
                new UserStep.Open(token, path, Opening.TRUNCATE),
                new UserStep.Write(token, token, 1),
                new UserStep.Close(token));
    }

    @BeforeAll
    static void silence() {
        Soak.silence();
    }

    @Test
    void noKillLosesOrTearsAnything() {
        int letters = ALPHABET.size();
        int all = letters + letters * letters + letters * letters * letters;
        List<String> violations = IntStream.range(0, all)
                .parallel()
                .filter(number -> number % stride(number) == 0)
                .mapToObj(this::violationsOf)
                .flatMap(List::stream)
                .toList();
        System.out.printf(Locale.ROOT, "%d runs%n", runs.get());
        assertThat(violations).isEmpty();
    }

    private static int stride(int number) {
        return switch (letters(number).size()) {
            case 1 -> 1;
            case 2 -> STRIDE;
            default -> STRIDE * STRIDE * STRIDE;
        };
    }

    private List<String> violationsOf(int number) {
        List<String> found = new ArrayList<>();
        for (int machine : new int[] {ORIGIN, OTHER}) {
            for (int operation = 1; operation <= OPERATIONS_MAX; operation++) {
                Simulation.Ending ending = Simulation.run(script(number, machine, operation), snapshots, null);
                runs.incrementAndGet();
                if (!ending.violations().isEmpty()) {
                    found.add("sequence " + number + " " + letters(number) + ", node " + machine
                            + " killed before operation " + operation + ": " + ending.violations());
                }
                if (ending.deaths() == 0) {
                    break;
                }
            }
        }
        return found;
    }

    /// The letters of a sequence: first those of one, then of two, then of three.
    private static List<Integer> letters(int number) {
        int letters = ALPHABET.size();
        int rest = number;
        int length = 1;
        for (int count = letters; rest >= count; count *= letters) {
            rest -= count;
            length++;
        }
        List<Integer> sequence = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            sequence.add(rest % letters);
            rest /= letters;
        }
        return sequence;
    }

    private static Script script(int number, int machine, int operation) {
        List<Script.Line> lines = new ArrayList<>();
        saved(A, 1).forEach(step -> lines.add(acts(700 * MILLI, step)));
        saved(INNER, 2).forEach(step -> lines.add(acts(700 * MILLI, step)));
        lines.add(new Script.Line(BEGIN_NANOS, new Happening.Killed(machine, operation)));
        long atNanos = BEGIN_NANOS;
        for (int letter : letters(number)) {
            for (UserStep step : ALPHABET.get(letter)) {
                lines.add(acts(atNanos, step));
            }
            // Sometimes found together, sometimes one by one.
            atNanos += number % 3 * 15L * MILLI;
        }
        lines.add(new Script.Line(RESTART_NANOS, new Happening.Started(machine)));
        return new Script(SETTING, lines);
    }

    private static Script.Line acts(long atNanos, UserStep step) {
        return new Script.Line(atNanos, new Happening.Acts(ORIGIN, step, 0));
    }
}
