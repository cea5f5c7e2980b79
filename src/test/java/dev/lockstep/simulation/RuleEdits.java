package dev.lockstep.simulation;

import dev.lockstep.simulation.Script.Happening;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/// Puts edits of the rules that say what is ignored into half of the scripts, some of them in quick succession. Drawn
/// apart from the rest of the script, which is the same without them.
final class RuleEdits {
    private static final String[] TEXTS = {"", "a\n", "b/\n", "/c\n", "a/b\nd\n", "*~\nt\n", "/a/*\n!/a/b\n"};
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long SOON_NANOS = Duration.ofMillis(50).toNanos();
    private static final int OPERATIONS_MAX = 40;

    private final Random random;
    private final int machines;
    private final long endNanos;

    /// @param endNanos when the programs are done
    RuleEdits(long seed, int machines, long endNanos) {
        this.random = new Random(seed * 0x9E3779B97F4A7C15L + 3);
        this.machines = machines;
        this.endNanos = endNanos;
    }

    void addTo(List<Script.Line> lines) {
        if (random.nextBoolean()) {
            return;
        }
        for (int bursts = 1 + random.nextInt(4); bursts > 0; bursts--) {
            burst(lines, random.nextLong(endNanos + SECOND));
        }
    }

    private void burst(List<Script.Line> lines, long beginNanos) {
        int machine = 1 + random.nextInt(machines);
        long atNanos = beginNanos;
        for (int edits = 1 + random.nextInt(random.nextInt(3) == 0 ? 6 : 2); edits > 0; edits--) {
            UserStep step = new UserStep.SaveRules(TEXTS[random.nextInt(TEXTS.length)]);
            int afterOperations = random.nextBoolean() ? 0 : random.nextInt(OPERATIONS_MAX);
            lines.add(new Script.Line(atNanos, new Happening.Acts(machine, step, afterOperations)));
            atNanos += random.nextLong(SOON_NANOS);
        }
    }
}
