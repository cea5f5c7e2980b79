package dev.lockstep.simulation;

import dev.lockstep.catalog.MemoryStore;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.IndexStore;
import dev.lockstep.model.Member;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// One machine: its disk with folder, state directory and what lies outside both, its clock, the programs on it, and
/// the node's process as long as one runs.
final class SimulatedMachine implements InstantSource {
    static final Name MARKER = Name.of(".lockstep");
    static final RelativePath FOLDER = RelativePath.of("folder");
    static final RelativePath STATE = RelativePath.of("state");
    static final RelativePath OUTSIDE = RelativePath.of("outside");
    private static final long EPOCH_NANOS = 1_800_000_000_000_000_000L;

    private final Member member;
    private final int number;
    private final Simulation simulation;
    private final SimulatedDisk disk;
    private final SimulatedDisk.Inode folder;
    private final SimulatedDisk.Inode state;
    private final SimulatedIndexStore indexStore = new SimulatedIndexStore();
    private final MemoryStore catalogStore = new MemoryStore();
    private final SimulatedUser user;
    private final RandomGenerator hintRandom;
    private final String outsideAtFirst;
    private @Nullable SimulatedProcess process;
    private long wallOffsetNanos;
    private long incarnation;
    /// Since when nothing has kept the node from finding and committing what is saved in its folder.
    private long soundSinceNanos = Long.MAX_VALUE;

    SimulatedMachine(Member member, int number, Simulation simulation, Setting setting) {
        this.member = member;
        this.number = number;
        this.simulation = simulation;
        this.hintRandom = new Random(setting.seed() * 31 + number);
        this.disk = new SimulatedDisk(this::wallNanos, setting.tickNanos(), setting.reusesInodeNumbers());
        try {
            for (RelativePath directory : new RelativePath[] {FOLDER, STATE, OUTSIDE}) {
                disk.createDirectory(disk.top(), directory, 0755);
            }
            folder = disk.directory(disk.top(), FOLDER, "open");
            state = disk.directory(disk.top(), STATE, "open");
            disk.createDirectory(state, RelativePath.of("staged"), 0700);
            disk.createDirectory(state, RelativePath.of("history"), 0700);
            disk.createFile(folder, RelativePath.ROOT.child(MARKER), 0644);
            SimulatedDisk.Dentry secret = disk.createFile(disk.top(), OUTSIDE.child(Name.of("a")), 0600);
            disk.setBytes(secret, "outside".getBytes(StandardCharsets.UTF_8));
        } catch (FolderException impossible) {
            throw new IllegalStateException(impossible);
        }
        this.user = new SimulatedUser(this, simulation);
        this.outsideAtFirst = outside();
    }

    Member member() {
        return member;
    }

    int number() {
        return number;
    }

    SimulatedDisk disk() {
        return disk;
    }

    SimulatedDisk.Inode folder() {
        return folder;
    }

    SimulatedDisk.Inode state() {
        return state;
    }

    IndexStore indexStore() {
        return indexStore;
    }

    MemoryStore catalogStore() {
        return catalogStore;
    }

    SimulatedUser user() {
        return user;
    }

    RandomGenerator hintRandom() {
        return hintRandom;
    }

    long nextIncarnation() {
        return ++incarnation;
    }

    @Nullable
    SimulatedProcess process() {
        return process;
    }

    boolean isRunning() {
        return process != null && process.isAlive();
    }

    void start() {
        if (!isRunning()) {
            SimulatedProcess started = new SimulatedProcess(this, simulation);
            process = started;
            soundSinceNanos = simulation.time().nowNanos();
            started.start();
        }
    }

    void processEnded() {
        process = null;
        soundSinceNanos = Long.MAX_VALUE;
    }

    // --- soundness ---

    /// Something keeps the node from finding or committing.
    void unsound() {
        soundSinceNanos = Long.MAX_VALUE;
    }

    void soundAgain() {
        if (isRunning()) {
            soundSinceNanos = simulation.time().nowNanos();
        }
    }

    long soundSinceNanos() {
        return soundSinceNanos;
    }

    // --- the clock ---

    private long wallNanos() {
        return EPOCH_NANOS + wallOffsetNanos + simulation.time().nowNanos();
    }

    void stepClock(long byNanos) {
        wallOffsetNanos += byNanos;
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochSecond(0, wallNanos());
    }

    String outsideAtFirst() {
        return outsideAtFirst;
    }

    /// What lies outside the folder, as it must stay.
    String outside() {
        StringBuilder seen = new StringBuilder();
        SimulatedDisk.Inode outside = disk.there(disk.top(), OUTSIDE);
        outside.children.forEach((name, dentry) -> seen.append(name)
                .append(dentry.inode.stamp())
                .append(new String(dentry.inode.bytes, StandardCharsets.UTF_8)));
        return seen.append(outside.stamp()).toString();
    }
}
