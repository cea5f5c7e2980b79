package dev.lockstep.simulation;

import dev.lockstep.simulation.Script.Happening;
import java.time.Duration;
import java.util.List;
import java.util.ListIterator;
import java.util.Random;

/// Puts power losses into a third of the scripts, and into those programs that sync. Drawn apart from the rest of the
/// script, which is the same without them, but for clocks: what changed before a loss and what after it is told apart
/// by time stamps, so there none is set back.
final class PowerLosses {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long BOOT_NANOS = Duration.ofMillis(50).toNanos();
    private static final int OPERATIONS_MAX = 60;

    private final Random random;
    private final int machines;
    private final long endNanos;

    /// @param endNanos when the programs are done
    PowerLosses(long seed, int machines, long endNanos) {
        this.random = new Random(seed * 0x9E3779B97F4A7C15L + 2);
        this.machines = machines;
        this.endNanos = endNanos;
    }

    void addTo(List<Script.Line> lines) {
        if (random.nextInt(3) > 0) {
            return;
        }
        lines.removeIf(line -> line.happening() instanceof Happening.ClockSteps(int _, long byNanos) && byNanos < 0);
        someSync(lines);
        for (int losses = 1 + random.nextInt(3); losses > 0; losses--) {
            loss(lines, random.nextLong(endNanos + SECOND));
        }
    }

    private void someSync(List<Script.Line> lines) {
        ListIterator<Script.Line> at = lines.listIterator();
        while (at.hasNext()) {
            Script.Line line = at.next();
            if (line.happening() instanceof Happening.Acts(int machine, UserStep.Close(int slot), int after)
                    && random.nextInt(4) == 0) {
                at.previous();
                at.add(new Script.Line(line.atNanos(), new Happening.Acts(machine, new UserStep.Sync(slot), after)));
                at.next();
            }
        }
    }

    private void loss(List<Script.Line> lines, long atNanos) {
        long backNanos = atNanos + (random.nextBoolean() ? BOOT_NANOS : random.nextLong(5 * SECOND));
        if (random.nextInt(4) == 0) {
            lines.add(new Script.Line(atNanos, new Happening.PowerLostEverywhere()));
            for (int machine = 1; machine <= machines; machine++) {
                lines.add(new Script.Line(backNanos, new Happening.Started(machine)));
            }
        } else {
            int machine = 1 + random.nextInt(machines);
            int afterOperations = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(OPERATIONS_MAX);
            lines.add(new Script.Line(atNanos, new Happening.PowerLost(machine, afterOperations)));
            lines.add(new Script.Line(backNanos, new Happening.Started(machine)));
        }
    }
}
