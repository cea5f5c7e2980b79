package dev.lockstep.simulation;

import dev.lockstep.catalog.OrderedStore;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.Kind;
import dev.lockstep.model.Member;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.replica.PreviousRun;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
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
    private static final long BOOT_TAKES_NANOS = Duration.ofSeconds(2).toNanos();
    private static final long EPOCH_NANOS = 1_800_000_000_000_000_000L;

    private final Member member;
    private final int number;
    private final Simulation simulation;
    private final SimulatedDisk disk;
    private final SimulatedDisk.Inode folder;
    private final SimulatedDisk.Inode state;
    private final SimulatedIndexStore indexStore = new SimulatedIndexStore();
    private final SimulatedCatalogStore catalogStore = new SimulatedCatalogStore();
    private final SimulatedRunRecord lastRun = new SimulatedRunRecord();
    private final SimulatedUser user;
    private final RandomGenerator hintRandom;
    private final RandomGenerator powerRandom;
    private final String outsideAtFirst;
    private @Nullable SimulatedProcess process;
    private @Nullable SimulatedProcess newestProcess;
    private long wallOffsetNanos;
    private long incarnation;
    /// Since when nothing has kept the node from finding and committing what is saved in its folder.
    private long soundSinceNanos = Long.MAX_VALUE;

    SimulatedMachine(Member member, int number, Simulation simulation, Setting setting) {
        this.member = member;
        this.number = number;
        this.simulation = simulation;
        this.hintRandom = new Random(setting.seed() * 31 + number);
        this.powerRandom = new Random(setting.seed() * 31 + 20 + number);
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
            disk.durable().syncAll();
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

    SimulatedIndexStore indexStore() {
        return indexStore;
    }

    OrderedStore catalogStore() {
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

    long incarnation() {
        return incarnation;
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
            newestProcess = started;
            soundSinceNanos = simulation.time().nowNanos();
            started.start();
        }
    }

    /// Whether the node ignores what stands at a path, or did so when it last ran.
    boolean ignores(RelativePath path, Kind kind) {
        return newestProcess != null && newestProcess.ignores(path, kind);
    }

    void processEnded() {
        process = null;
        soundSinceNanos = Long.MAX_VALUE;
    }

    // --- what is durable ---

    /// All that was written is durable, on the disk and in the stores that lie on it.
    void syncAll() {
        disk.durable().syncAll();
        indexStore.synced();
        catalogStore.flush();
    }

    /// The power goes and comes back: everything that ran is gone, and of what was written last a part.
    void losePower() {
        Ledger.BeforeLoss before = simulation.ledger().beforeLoss(this);
        user.losePower();
        indexStore.losePower(powerRandom);
        catalogStore.losePower(powerRandom);
        List<DurablePlane.Damaged> damaged = disk.losePower(powerRandom);
        simulation.ledger().lost(before, damaged);
        wallOffsetNanos += BOOT_TAKES_NANOS;
        lastRun.booted(wallNanos());
    }

    /// A run of the node begins.
    ///
    /// @return how the last one ended
    PreviousRun beginRun() {
        return lastRun.begin(wallNanos());
    }

    void syncPoint(long logIndex) {
        lastRun.synced(logIndex, wallNanos());
    }

    SimulatedRunRecord lastRun() {
        return lastRun;
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
