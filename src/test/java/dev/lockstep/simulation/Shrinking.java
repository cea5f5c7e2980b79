package dev.lockstep.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Makes a script that violates as short as it gets: leaves out ever smaller parts as long as it still violates.
final class Shrinking {
    private static final int RUNS_MAX = 2_000;

    private final Predicate<Script> violates;
    private int runs;

    /// @param violates plays a script
    Shrinking(Predicate<Script> violates) {
        this.violates = violates;
    }

    Script shrink(Script script) {
        Script shortest = script;
        for (int part = Math.max(1, script.lines().size() / 2); part >= 1; ) {
            Script shorter = without(shortest, part);
            if (shorter.lines().size() < shortest.lines().size()) {
                shortest = shorter;
                part = Math.max(1, Math.min(part, shortest.lines().size() / 2));
            } else {
                part /= 2;
            }
        }
        return shortest;
    }

    private Script without(Script script, int part) {
        Script shortest = script;
        for (int from = script.lines().size() - part; from >= 0 && runs < RUNS_MAX; from -= part) {
            List<Script.Line> rest = new ArrayList<>(shortest.lines());
            if (from + part > rest.size()) {
                continue;
            }
            rest.subList(from, from + part).clear();
            Script shorter = shortest.with(rest);
            runs++;
            if (violates.test(shorter)) {
                shortest = shorter;
            }
        }
        return shortest;
    }
}
