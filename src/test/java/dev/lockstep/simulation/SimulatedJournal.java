package dev.lockstep.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/// What was done since the last commit of a journal, in order: a power loss takes back a part of it, the newest first.
final class SimulatedJournal {
    private final List<List<Runnable>> operations = new ArrayList<>();

    /// What is noted from now on happens at once, or not at all.
    void begin() {
        operations.add(new ArrayList<>());
    }

    void note(Runnable undo) {
        operations.getLast().add(undo);
    }

    /// All of it is durable.
    void commit() {
        operations.clear();
    }

    /// Keeps as much of the beginning as chance has it: all and nothing are as likely as something in between.
    void losePower(RandomGenerator random) {
        int kept = switch (random.nextInt(3)) {
            case 0 -> 0;
            case 1 -> operations.size();
            default -> random.nextInt(operations.size() + 1);
        };
        for (List<Runnable> operation :
                operations.subList(kept, operations.size()).reversed()) {
            operation.reversed().forEach(Runnable::run);
        }
        operations.clear();
    }
}
