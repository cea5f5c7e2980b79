package dev.lockstep.simulation;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.Command;
import dev.lockstep.catalog.CommandCodec;
import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.StoreId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/// One run of a whole cluster on one virtual clock, as a script says. For one thread.
final class Simulation {
    private static final int STEPS_MAX = 300_000;
    private static final Duration STILL_FOR =
            SimulatedProcess.RESCAN_EVERY.multipliedBy(2).plusSeconds(6);
    private static final Duration STILL_WITHIN = Duration.ofSeconds(500);
    private static final Duration AWARE_AFTER = SimulatedProcess.RESCAN_EVERY.plusSeconds(1);
    private static final Duration USER_PATIENCE = Duration.ofMillis(60);
    private static final int VIOLATIONS_MAX = 20;

    private final Setting setting;
    private final VirtualTime time = new VirtualTime();
    private final RandomGenerator lagRandom;
    private final RandomGenerator transferRandom;
    private final SimulatedLog log;
    private final List<SimulatedMachine> machines;
    private final Ledger ledger = new Ledger(this);
    private final Map<Long, Digest> digests = new HashMap<>();
    private final List<String> violations = new ArrayList<>();
    private final @Nullable Consumer<String> listener;
    private final boolean[] isDeaf;
    private int unawareNodes;
    private boolean isSplit;
    private boolean isFoul;
    private boolean isSound;
    private boolean hasRules;
    private int stepsLeft = STEPS_MAX;
    private int deaths;
    private long hash = 17;

    /// What became of a run.
    ///
    /// @param hash   of everything that happened, in order
    /// @param steps  tasks that were run
    /// @param deaths kills before a certain operation
    record Ending(long hash, int steps, long commits, int deaths, List<String> violations) {}

    private Simulation(Setting setting, Path snapshots, @Nullable Consumer<String> listener) {
        this.setting = setting;
        this.listener = listener;
        this.lagRandom = new Random(setting.seed() * 31 + 11);
        this.transferRandom = new Random(setting.seed() * 31 + 12);
        List<Member> members = IntStream.rangeClosed(1, setting.machines())
                .mapToObj(number -> new Member(
                        new NodeId("node" + number),
                        new StoreId("%016x".formatted(number)),
                        new Address("127.0.0.1", number)))
                .toList();
        boolean isNeverCut = setting.snapshotEvery() == Long.MAX_VALUE;
        SimulatedLog.Limits limits =
                isNeverCut ? SimulatedLog.Limits.NEVER : new SimulatedLog.Limits(setting.snapshotEvery(), 2);
        this.log = new SimulatedLog(members, limits, time, new Random(setting.seed() * 31 + 13), snapshots);
        this.machines = IntStream.rangeClosed(1, members.size())
                .mapToObj(number -> new SimulatedMachine(members.get(number - 1), number, this, setting))
                .toList();
        this.isDeaf = new boolean[machines.size()];
        machines.forEach(machine -> machine.disk().witnessedBy(ledger.witness(machine)));
    }

    /// @param snapshots a directory for the snapshots of the log
    /// @param listener  told of everything that happens; null for silence
    static Ending run(Script script, Path snapshots, @Nullable Consumer<String> listener) {
        Simulation simulation = new Simulation(script.setting(), snapshots, listener);
        simulation.play(script);
        return new Ending(
                simulation.hash,
                STEPS_MAX - simulation.stepsLeft,
                simulation.log.size(),
                simulation.deaths,
                simulation.violations);
    }

    /// Whether what is ignored changes in this run.
    boolean hasRules() {
        return hasRules;
    }

    private void play(Script script) {
        hasRules = script.lines().stream()
                .anyMatch(
                        line -> line.happening() instanceof Script.Happening.Acts(int _, UserStep.SaveRules _, int _));
        machines.forEach(SimulatedMachine::start);
        soundnessChanged();
        for (Script.Line line : script.lines()) {
            goOnUntil(line.atNanos());
            happens(line.happening());
        }
        goOnUntil(time.nowNanos() + Duration.ofMillis(500).toNanos());
        endAllTroubles();
        awaitStillness();
        if (violations.isEmpty()) {
            new Oracle(this).judge();
        }
    }

    private void goOnUntil(long untilNanos) {
        stepsLeft -= time.until(untilNanos, Math.max(0, stepsLeft));
        if (stepsLeft <= 0) {
            violation("it does not come to rest: " + STEPS_MAX + " steps");
        }
    }

    private void endAllTroubles() {
        tell("all troubles end", "");
        machines.forEach(machine -> machine.user().closeAll());
        log.setWeather(SimulatedLog.Weather.FAIR);
        log.heal();
        for (SimulatedMachine machine : machines) {
            hears(machine, false);
            SimulatedProcess process = machine.process();
            if (process != null) {
                process.spare();
            }
            machine.start();
        }
    }

    private void awaitStillness() {
        long limitNanos = time.nowNanos() + STILL_WITHIN.toNanos();
        long stillSinceNanos = time.nowNanos();
        long size = log.size();
        while (time.nowNanos() - stillSinceNanos < STILL_FOR.toNanos() && violations.isEmpty()) {
            goOnUntil(time.nowNanos() + Duration.ofSeconds(1).toNanos());
            if (log.size() != size || !isRecovered()) {
                size = log.size();
                stillSinceNanos = time.nowNanos();
            }
            if (time.nowNanos() > limitNanos) {
                violation("the log does not become still: " + size + " entries");
            }
        }
    }

    /// Whether no machine still waits for contents to compare its files with after a power loss.
    private boolean isRecovered() {
        return machines.stream()
                .map(SimulatedMachine::process)
                .allMatch(process -> process == null || process.replica().isRecovered());
    }

    /// Lets a little time pass.
    void rest() {
        goOnUntil(time.nowNanos() + Duration.ofSeconds(1).toNanos());
    }

    // --- what happens ---

    private void happens(Script.Happening happening) {
        tell("happens", happening);
        switch (happening) {
            case Script.Happening.Acts(int machine, UserStep step, int afterOperations) ->
                machine(machine).user().act(step, afterOperations, USER_PATIENCE.toNanos());
            case Script.Happening.Killed(int machine, int afterOperations) -> kill(machine(machine), afterOperations);
            case Script.Happening.PowerLost(int machine, int afterOperations) ->
                losePower(machine(machine), afterOperations);
            case Script.Happening.PowerLostEverywhere() -> machines.forEach(machine -> losePower(machine, 0));
            case Script.Happening.Started(int machine) -> restart(machine(machine));
            case Script.Happening.CutOff(int machine) -> cutOff(machine(machine));
            case Script.Happening.Healed() -> {
                isSplit = false;
                log.heal();
            }
            case Script.Happening.Weather(boolean foul) -> {
                isFoul = foul;
                log.setWeather(foul ? SimulatedLog.Weather.FOUL : SimulatedLog.Weather.FAIR);
            }
            case Script.Happening.LeaderChanges(int machine) ->
                log.handOver(machine(machine).member());
            case Script.Happening.Deaf(int machine) -> {
                isDeaf[machine - 1] = true;
                SimulatedProcess process = machine(machine).process();
                if (process != null) {
                    process.watch().goDeaf();
                }
            }
            case Script.Happening.Hears(int machine, boolean tells) -> hears(machine(machine), tells);
            case Script.Happening.ClockSteps(int machine, long byNanos) ->
                machine(machine).stepClock(byNanos);
        }
        soundnessChanged();
    }

    private SimulatedMachine machine(int number) {
        return machines.get((number - 1) % machines.size());
    }

    private static void kill(SimulatedMachine machine, int afterOperations) {
        SimulatedProcess process = machine.process();
        if (process != null && afterOperations > 0) {
            process.killAfter(afterOperations);
        } else if (process != null) {
            process.kill();
        }
    }

    private static void losePower(SimulatedMachine machine, int afterOperations) {
        SimulatedProcess process = machine.process();
        if (process != null) {
            process.losePowerAfter(afterOperations);
        } else {
            machine.losePower();
        }
    }

    private static void restart(SimulatedMachine machine) {
        SimulatedProcess process = machine.process();
        if (process != null && process.isDoomed()) {
            process.kill();
        }
        machine.start();
    }

    private void cutOff(SimulatedMachine alone) {
        isSplit = true;
        List<Member> others = machines.stream()
                .filter(machine -> machine != alone)
                .map(SimulatedMachine::member)
                .toList();
        log.split(List.of(others));
    }

    private void hears(SimulatedMachine machine, boolean tells) {
        isDeaf[machine.number() - 1] = false;
        SimulatedProcess process = machine.process();
        if (process != null) {
            process.watch().hearAgain(tells);
        }
        if (!tells) {
            // Until the next rescan the node knows nothing of what it missed.
            unawareNodes++;
            time.at(time.nowNanos() + AWARE_AFTER.toNanos(), () -> {
                unawareNodes--;
                soundnessChanged();
            });
        }
    }

    private void soundnessChanged() {
        boolean isAnyDeaf = false;
        for (boolean deaf : isDeaf) {
            isAnyDeaf |= deaf;
        }
        boolean isSoundNow = !isSplit
                && !isFoul
                && !isAnyDeaf
                && unawareNodes == 0
                && machines.stream().allMatch(SimulatedMachine::isRunning);
        if (isSoundNow != isSound) {
            isSound = isSoundNow;
            machines.forEach(isSoundNow ? SimulatedMachine::soundAgain : SimulatedMachine::unsound);
        }
    }

    // --- what the parts ask ---

    VirtualTime time() {
        return time;
    }

    SimulatedLog log() {
        return log;
    }

    Ledger ledger() {
        return ledger;
    }

    List<SimulatedMachine> machines() {
        return machines;
    }

    List<SimulatedMachine> reachableFrom(SimulatedMachine machine) {
        return machines.stream()
                .filter(other -> other != machine && log.isTogether(machine.member(), other.member()))
                .toList();
    }

    /// How long a process takes to begin with what it was handed.
    Duration lag() {
        return upTo(Duration.ofNanos(setting.lagNanosMax()));
    }

    Duration upTo(Duration most) {
        boolean isSlow = lagRandom.nextInt(4) == 0;
        return Duration.ofNanos(transferRandom.nextLong(1, 2 + (isSlow ? most.toNanos() : most.toNanos() / 16)));
    }

    boolean mayWrite(SimulatedMachine machine, SimulatedDisk.Inode inode) {
        return setting.hasLateWriters() || ledger.isForgotten(inode) || Ledger.find(machine.folder(), inode) != null;
    }

    /// A commit is in the catalog of a machine.
    void applied(SimulatedMachine machine, Catalog catalog, long logIndex) {
        if (catalog.appliedIndex() == logIndex) {
            Digest digest = catalog.read(Catalog.View::digest);
            Digest before = digests.putIfAbsent(logIndex, digest);
            if (before != null && !before.equals(digest)) {
                violation("the catalogs differ at " + logIndex);
            }
            mix(digest.hashCode());
            if (before == null) {
                ledger.committed(logIndex);
            }
        }
        tell(machine, "applied", listener == null ? logIndex : logIndex + " " + text(logIndex));
    }

    Optional<Proposal> proposal(long logIndex) {
        Bytes command = log.command(logIndex);
        return command == null
                ? Optional.empty()
                : CommandCodec.decode(command)
                        .flatMap(decoded -> decoded instanceof Command.Propose(Proposal proposal)
                                ? Optional.of(proposal)
                                : Optional.empty());
    }

    SimulatedMachine machineOf(NodeId node) {
        return machines.stream()
                .filter(machine -> machine.member().node().equals(node))
                .findFirst()
                .orElseThrow();
    }

    boolean isCommitted(Digest digest) {
        return LongStream.rangeClosed(1, log.size())
                .mapToObj(this::proposal)
                .flatMap(Optional::stream)
                .flatMap(proposal -> proposal.changes().stream())
                .anyMatch(change -> change instanceof Change.Put put
                        && put.content() instanceof Content.File file
                        && file.digest().equals(digest));
    }

    private String text(long logIndex) {
        Bytes command = log.command(logIndex);
        return command == null
                ? ""
                : CommandCodec.decode(command).map(Object::toString).orElse("?");
    }

    // --- what is noted ---

    void operation(SimulatedMachine machine, String operation, RelativePath path) {
        mix(31L * operation.hashCode() + path.hashCode());
        if (listener != null) {
            tell("  node " + machine.number() + " " + operation, path);
        }
    }

    void died(SimulatedMachine machine, String operation) {
        deaths++;
        tell(machine, "dies before", operation);
    }

    void tell(SimulatedMachine machine, String what, Object whom) {
        mix(31L * what.hashCode() + machine.number());
        if (listener != null) {
            tell("  node " + machine.number() + " " + what, whom);
        }
    }

    private void tell(String what, Object whom) {
        if (listener != null) {
            listener.accept("%10.4f ms %s %s".formatted(time.nowNanos() / 1e6, what, whom));
        }
    }

    private void mix(long value) {
        hash = (hash ^ value) * 0x9E3779B97F4A7C15L + time.nowNanos();
        hash ^= hash >>> 29;
    }

    void violation(String what) {
        if (violations.size() < VIOLATIONS_MAX) {
            violations.add(what);
            tell("VIOLATION", what);
        }
    }

    void defect(SimulatedMachine machine, Throwable defect) {
        StringBuilder trace = new StringBuilder();
        for (StackTraceElement frame : defect.getStackTrace()) {
            if (trace.length() < 1500 && frame.getClassName().startsWith("dev.lockstep")) {
                trace.append("\n        at ").append(frame);
            }
        }
        violation("node " + machine.number() + " has a defect: " + defect + trace);
    }
}
