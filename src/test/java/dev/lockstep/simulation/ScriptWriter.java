package dev.lockstep.simulation;

import dev.lockstep.folder.RenameMode;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.simulation.Script.Happening;
import dev.lockstep.simulation.UserStep.Opening;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Makes a script from a seed: programs on all machines that use few names, so that they meet, and troubles among
/// them.
final class ScriptWriter {
    private static final String[] NAMES = {"a", "b", "c", "d"};
    private static final String[] TARGETS = {"a", "b/a", "../outside", "/outside/a", "."};
    private static final int[] MODES = {0600, 0644, 0755, 0400};
    private static final long[] TICKS_NANOS = {1, 1, 1_000_000, 4_000_000, 10_000_000};
    private static final String ASIDE = "t";
    private static final int PROGRAMS = 25;
    private static final int PROGRAMS_WITH_GATHERING = 28;
    private static final int LARGE_COPIES = 4500;
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    private final Random random;
    private final List<Script.Line> lines = new ArrayList<>();
    private final int machines;
    private final int names;
    private final boolean isCalm;
    private final Options options;
    private long nowNanos = 700 * MILLI;
    private int lastToken;
    private int lastSlot;

    /// What production is able to stand by now; everything in the end.
    ///
    /// @param hasCoarseStamps whether stamps may be the same though something changed
    /// @param hasLateWriters  see [Setting]; also edits that put size and time back just then
    /// @param hasHardLinks    whether programs make hard links
    /// @param hasPowerLosses  whether machines lose power, in a third of the seeds; the others are the same
    /// @param hasGathering    whether what stands at a path goes into a directory that takes its place, and back
    /// @param hasRules        whether what is ignored changes, in half of the seeds; the others are the same
    record Options(
            boolean hasCoarseStamps,
            boolean hasLateWriters,
            boolean hasHardLinks,
            boolean hasPowerLosses,
            boolean hasGathering,
            boolean hasRules) {
        Options withPowerLosses(boolean areThere) {
            return new Options(hasCoarseStamps, hasLateWriters, hasHardLinks, areThere, hasGathering, hasRules);
        }

        Options withGathering(boolean isThere) {
            return new Options(hasCoarseStamps, hasLateWriters, hasHardLinks, hasPowerLosses, isThere, hasRules);
        }

        Options withRules(boolean areThere) {
            return new Options(hasCoarseStamps, hasLateWriters, hasHardLinks, hasPowerLosses, hasGathering, areThere);
        }
    }

    private ScriptWriter(long seed, Options options) {
        this.random = new Random(seed * 0x9E3779B97F4A7C15L + 1);
        this.options = options;
        this.machines = random.nextInt(10) < 7 ? 3 : 4 + random.nextInt(2);
        this.names = 1 + random.nextInt(NAMES.length);
        this.isCalm = random.nextInt(3) == 0;
    }

    static Script write(long seed, Options options) {
        ScriptWriter writer = new ScriptWriter(seed, options);
        Setting setting = writer.setting(seed);
        writer.programs();
        if (!writer.isCalm) {
            writer.troubles();
        }
        if (options.hasPowerLosses()) {
            new PowerLosses(seed, writer.machines, writer.nowNanos).addTo(writer.lines);
        }
        if (options.hasRules()) {
            new RuleEdits(seed, writer.machines, writer.nowNanos).addTo(writer.lines);
        }
        return new Script(setting, writer.lines);
    }

    private Setting setting(long seed) {
        long tick = options.hasCoarseStamps() ? TICKS_NANOS[random.nextInt(TICKS_NANOS.length)] : 1;
        long cut = random.nextInt(3) == 0 ? 3 + random.nextInt(20) : Long.MAX_VALUE;
        long lag = (random.nextInt(4) == 0 ? 200 : 2) * MILLI;
        return new Setting(seed, machines, tick, random.nextBoolean(), cut, lag, options.hasLateWriters());
    }

    // --- programs ---

    private void programs() {
        int programs = 2 + random.nextInt(random.nextInt(4) == 0 ? 40 : 14);
        for (int i = 0; i < programs; i++) {
            program(1 + random.nextInt(machines));
            nowNanos += pause();
        }
    }

    private long pause() {
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> 0;
            case 3 -> random.nextLong(2 * MILLI);
            case 4 -> random.nextLong(30 * MILLI);
            case 5 -> random.nextLong(300 * MILLI);
            case 6 -> random.nextLong(SECOND);
            default -> random.nextLong(6 * SECOND);
        };
    }

    /// Between two steps of one program.
    private long breath() {
        return switch (random.nextInt(8)) {
            case 0, 1, 2, 3 -> 0;
            case 4, 5 -> random.nextLong(MILLI);
            case 6 -> random.nextLong(30 * MILLI);
            default -> random.nextLong(3 * SECOND);
        };
    }

    private RelativePath path() {
        int depth = 1 + (random.nextInt(2) == 0 ? random.nextInt(3) : 0);
        RelativePath path = RelativePath.ROOT;
        for (int i = 0; i < depth; i++) {
            path = path.child(name());
        }
        return path;
    }

    private void program(int machine) {
        Steps steps = new Steps(machine);
        RelativePath path = path();
        RelativePath other = path();
        if (path.depth() > 1 && random.nextInt(3) > 0) {
            steps.then(new UserStep.MakeDirectories(path.parent()));
        }
        switch (random.nextInt(options.hasGathering() ? PROGRAMS_WITH_GATHERING : PROGRAMS)) {
            case 0, 1, 2, 3 -> rewrite(steps, path);
            case 4 -> append(steps, path);
            case 5, 6 -> replaceByRename(steps, path);
            case 7 -> backUpAndCreate(steps, path);
            case 8 -> overwriteInPlace(steps, path);
            case 9 -> keepOpen(steps, path);
            case 10, 11 -> steps.then(new UserStep.Remove(path));
            case 12 -> removeAndMakeAgain(steps, path);
            case 13, 14 -> steps.then(new UserStep.MakeDirectories(path));
            case 15 ->
                steps.then(random.nextBoolean() ? new UserStep.RemoveTree(path) : new UserStep.RemoveDirectory(path));
            case 16, 17, 18 -> rename(steps, path, other);
            case 19 -> steps.then(new UserStep.Rename(path, other, RenameMode.EXCHANGE));
            case 20 -> symlink(steps, path);
            case 21 -> link(steps, path, other);
            case 22 -> steps.then(new UserStep.ChangeMode(path, MODES[random.nextInt(MODES.length)]));
            case 23 -> steps.then(new UserStep.Touch(path, random.nextBoolean() ? 0 : random.nextLong(4 * SECOND)));
            case 24 -> steps.then(new UserStep.Sneak(path, ++lastToken));
            case 25 -> spread(steps, path);
            default -> gather(steps, path);
        }
    }

    /// The steps of one program, each some time after the one before.
    private final class Steps {
        private final int machine;
        private long atNanos = nowNanos;

        private Steps(int machine) {
            this.machine = machine;
        }

        void then(UserStep step) {
            int afterOperations = random.nextInt(2) == 0 ? 0 : random.nextInt(1 + random.nextInt(40));
            if (step instanceof UserStep.Sneak && !options.hasLateWriters()) {
                afterOperations = 0;
            }
            lines.add(new Script.Line(atNanos, new Happening.Acts(machine, step, afterOperations)));
            atNanos += breath();
        }

        int open(RelativePath path, Opening opening) {
            int slot = ++lastSlot;
            then(new UserStep.Open(slot, path, opening));
            return slot;
        }

        void write(int slot) {
            int copies = random.nextInt(12) == 0 ? LARGE_COPIES : 1 + random.nextInt(2);
            then(new UserStep.Write(slot, ++lastToken, copies));
        }
    }

    private void rewrite(Steps steps, RelativePath path) {
        int slot = steps.open(path, Opening.TRUNCATE);
        for (int i = random.nextInt(3); i >= 0; i--) {
            steps.write(slot);
        }
        steps.then(new UserStep.Close(slot));
    }

    private void append(Steps steps, RelativePath path) {
        int slot = steps.open(path, Opening.APPEND);
        steps.write(slot);
        steps.then(new UserStep.Close(slot));
    }

    private void overwriteInPlace(Steps steps, RelativePath path) {
        int slot = steps.open(path, Opening.EXISTING);
        steps.write(slot);
        if (random.nextBoolean()) {
            steps.then(new UserStep.CutOff(slot, SimulatedUser.TOKEN_BYTES * random.nextInt(3)));
        }
        steps.then(new UserStep.Close(slot));
    }

    private void replaceByRename(Steps steps, RelativePath path) {
        RelativePath temporary = path.parent().child(Name.of("~" + path.name()));
        int slot = steps.open(temporary, Opening.TRUNCATE);
        steps.write(slot);
        steps.then(new UserStep.Close(slot));
        steps.then(new UserStep.Rename(temporary, path, RenameMode.REPLACE));
    }

    private void backUpAndCreate(Steps steps, RelativePath path) {
        RelativePath backup = path.parent().child(Name.of(path.name() + "~"));
        steps.then(new UserStep.Rename(path, backup, RenameMode.REPLACE));
        int slot = steps.open(path, Opening.EXCLUSIVE);
        steps.write(slot);
        steps.then(new UserStep.Close(slot));
        if (random.nextBoolean()) {
            steps.then(new UserStep.Remove(backup));
        }
    }

    private void removeAndMakeAgain(Steps steps, RelativePath path) {
        steps.then(new UserStep.RemoveTree(path));
        if (random.nextInt(3) == 0) {
            steps.then(new UserStep.MakeDirectories(path));
        } else {
            rewrite(steps, path);
        }
    }

    /// Writes, waits so long that the file may be replaced, and writes again.
    private void keepOpen(Steps steps, RelativePath path) {
        int slot = steps.open(path, random.nextBoolean() ? Opening.APPEND : Opening.EXISTING);
        for (int i = random.nextInt(3); i >= 0; i--) {
            steps.write(slot);
            steps.atNanos += random.nextLong(3 * SECOND);
        }
        steps.then(new UserStep.Close(slot));
    }

    private void rename(Steps steps, RelativePath path, RelativePath other) {
        if (other.depth() > 1 && random.nextBoolean()) {
            steps.then(new UserStep.MakeDirectories(other.parent()));
        }
        steps.then(new UserStep.Rename(path, other, renameMode()));
    }

    /// As `mv path t; mkdir -p path/x; mv t path/x/y`.
    private void gather(Steps steps, RelativePath path) {
        RelativePath aside = aside(path);
        if (random.nextBoolean()) {
            make(steps, path);
        }
        steps.then(new UserStep.Rename(path, aside, renameMode()));
        RelativePath directory = random.nextInt(3) == 0 ? path.child(name()) : path;
        steps.then(new UserStep.MakeDirectories(directory));
        steps.then(new UserStep.Rename(aside, directory.child(name()), renameMode()));
    }

    /// As `mv path/x t; rm -r path; mv t path`.
    private void spread(Steps steps, RelativePath path) {
        RelativePath aside = aside(path);
        RelativePath directory = random.nextInt(3) == 0 ? path.child(name()) : path;
        RelativePath inner = directory.child(name());
        if (random.nextBoolean()) {
            steps.then(new UserStep.MakeDirectories(directory));
            make(steps, inner);
        }
        steps.then(new UserStep.Rename(inner, aside, renameMode()));
        steps.then(random.nextBoolean() ? new UserStep.RemoveTree(path) : new UserStep.RemoveDirectory(path));
        steps.then(new UserStep.Rename(aside, path, renameMode()));
    }

    /// A file, or a directory with one.
    private void make(Steps steps, RelativePath path) {
        if (random.nextBoolean()) {
            rewrite(steps, path);
        } else {
            steps.then(new UserStep.MakeDirectories(path));
            rewrite(steps, path.child(name()));
        }
    }

    private RelativePath aside(RelativePath path) {
        return random.nextInt(3) == 0 ? RelativePath.of(ASIDE) : path.parent().child(Name.of(ASIDE));
    }

    private Name name() {
        return Name.of(NAMES[random.nextInt(names)]);
    }

    private RenameMode renameMode() {
        return random.nextInt(3) == 0 ? RenameMode.NO_REPLACE : RenameMode.REPLACE;
    }

    private void symlink(Steps steps, RelativePath path) {
        if (random.nextBoolean()) {
            steps.then(new UserStep.RemoveTree(path));
        }
        String target = TARGETS[random.nextInt(TARGETS.length)];
        steps.then(new UserStep.MakeSymlink(path, random.nextBoolean() ? target : target + "/" + ++lastToken));
    }

    private void link(Steps steps, RelativePath path, RelativePath other) {
        if (options.hasHardLinks()) {
            steps.then(new UserStep.Link(path, other));
        } else {
            rewrite(steps, path);
        }
    }

    // --- troubles ---

    private void troubles() {
        long endNanos = nowNanos + SECOND;
        int troubles = 1 + random.nextInt(4);
        for (int i = 0; i < troubles; i++) {
            long atNanos = random.nextLong(endNanos);
            long untilNanos = atNanos + random.nextLong(5 * SECOND);
            trouble(1 + random.nextInt(machines), atNanos, untilNanos);
        }
    }

    private void trouble(int machine, long atNanos, long untilNanos) {
        switch (random.nextInt(10)) {
            case 0, 1, 2, 3 -> {
                int afterOperations = random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(60);
                add(atNanos, new Happening.Killed(machine, afterOperations));
                add(random.nextBoolean() ? untilNanos : atNanos + 50 * MILLI, new Happening.Started(machine));
            }
            case 4, 5 -> {
                add(atNanos, new Happening.CutOff(machine));
                add(untilNanos, new Happening.Healed());
            }
            case 6 -> {
                add(atNanos, new Happening.Weather(true));
                add(untilNanos, new Happening.Weather(false));
            }
            case 7 -> add(atNanos, new Happening.LeaderChanges(machine));
            case 8 -> {
                add(atNanos, new Happening.Deaf(machine));
                add(untilNanos, new Happening.Hears(machine, random.nextBoolean()));
            }
            default -> add(atNanos, new Happening.ClockSteps(machine, random.nextLong(-20 * SECOND, 20 * SECOND)));
        }
    }

    private void add(long atNanos, Happening happening) {
        lines.add(new Script.Line(atNanos, happening));
    }
}
