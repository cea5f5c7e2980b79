package dev.lockstep.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// What programs and the world do in one run, in order of time.
record Script(Setting setting, List<Line> lines) {
    Script {
        List<Line> ordered = new ArrayList<>(lines);
        ordered.sort(Comparator.comparingLong(Line::atNanos));
        lines = List.copyOf(ordered);
    }

    /// @param atNanos of the virtual time
    record Line(long atNanos, Happening happening) {
        @Override
        public String toString() {
            return "%9.3f ms  %s".formatted(atNanos / 1e6, happening);
        }
    }

    /// Something that happens.
    sealed interface Happening {
        /// @param afterOperations how many disk operations of the node's process come first
        record Acts(int machine, UserStep step, int afterOperations) implements Happening {}

        /// The process ends, as by SIGKILL.
        ///
        /// @param afterOperations after how many of its disk operations; 0 for at once
        record Killed(int machine, int afterOperations) implements Happening {}

        /// The machine loses power and is up again at once; its node is not.
        ///
        /// @param afterOperations after how many disk operations of the node's process; 0 for at once
        record PowerLost(int machine, int afterOperations) implements Happening {}

        /// All machines lose power at one moment.
        record PowerLostEverywhere() implements Happening {}

        record Started(int machine) implements Happening {}

        /// One machine is cut off from the others.
        record CutOff(int machine) implements Happening {}

        record Healed() implements Happening {}

        /// Messages are late, lost, or their answers are.
        record Weather(boolean isFoul) implements Happening {}

        record LeaderChanges(int machine) implements Happening {}

        /// Events of the folder get lost.
        record Deaf(int machine) implements Happening {}

        /// @param tells whether the watch says that events were lost
        record Hears(int machine, boolean tells) implements Happening {}

        record ClockSteps(int machine, long byNanos) implements Happening {}
    }

    Script with(List<Line> others) {
        return new Script(setting, others);
    }

    String text() {
        StringBuilder text = new StringBuilder(setting.toString()).append('\n');
        lines.forEach(line -> text.append(line).append('\n'));
        return text.toString();
    }
}
