package dev.lockstep.simulation;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.Command;
import dev.lockstep.catalog.CommandCodec;
import dev.lockstep.consensus.Consensus;
import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Kind;
import dev.lockstep.model.RelativePath;
import dev.lockstep.replica.CatalogDriver;
import dev.lockstep.replica.FolderReplica;
import dev.lockstep.replica.PreviousRun;
import dev.lockstep.replica.StoredContents;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One run of a node on its machine: the production rooms, from start to kill.
final class SimulatedProcess {
    static final Duration RESCAN_EVERY = Duration.ofSeconds(15);
    private static final Duration CATCH_UP_RETRY = Duration.ofMillis(20);
    private static final Duration READING_TAKES_MAX = Duration.ofMillis(20);

    private final SimulatedMachine machine;
    private final Simulation simulation;
    private final long startedNanos;
    private final Set<SimulatedFileHandle> handles = new LinkedHashSet<>();
    private boolean isAlive = true;
    private long operations;
    private long diesAtOperation = Long.MAX_VALUE;
    private boolean diesOfPowerLoss;
    private boolean isReading;
    private @Nullable FolderReplica replica;
    private @Nullable ContentStore contents;
    private @Nullable SimulatedWatch watch;

    SimulatedProcess(SimulatedMachine machine, Simulation simulation) {
        this.machine = machine;
        this.simulation = simulation;
        this.startedNanos = simulation.time().nowNanos();
    }

    /// Starts everything, in the order a node does.
    void start() {
        run(() -> {
            try {
                begin();
            } catch (IOException refused) {
                throw new IllegalStateException(refused);
            }
        });
    }

    private void begin() throws IOException {
        SimulatedDisk disk = machine.disk();
        SimulatedFolderRoot folder = new SimulatedFolderRoot(this, disk, machine.folder(), Path.of("/folder"));
        SimulatedFolderRoot state = new SimulatedFolderRoot(this, disk, machine.state(), Path.of("/state"));
        Catalog catalog = new Catalog(machine.catalogStore());
        FolderIndex index = new FolderIndex(new DyingIndexStore(this, machine.indexStore()));
        ContentStore store = new ContentStore(state, folder, index);
        contents = store;
        PreviousRun before = machine.beginRun();
        store.removeParts();
        if (before.powerLoss().isPresent()) {
            store.removeTorn(machine.lastRun().durableNanos());
        }
        CatalogDriver driver =
                new CatalogDriver(catalog, logIndex -> simulation.applied(machine, catalog, logIndex), this::ended);
        Consensus consensus = simulation.log().start(machine.member(), driver);
        long clockAtNanos = simulation.time().nowNanos();
        FolderReplica started = new FolderReplica(new FolderReplica.Parts(
                machine.member().node(),
                machine.nextIncarnation(),
                catalog,
                index,
                folder,
                state,
                ContentStore.STAGED,
                inline -> new StoredContents(
                        store, new SimulatedTransfer(this, simulation, store), inline, folder, state),
                consensus,
                proposal -> CommandCodec.encode(new Command.Propose(proposal)),
                (work, _) -> new SimulatedLoop(this, simulation.time(), simulation::lag, work),
                task -> later(simulation.upTo(READING_TAKES_MAX), () -> read(task)),
                () -> simulation.time().nowNanos() - clockAtNanos + 1,
                machine,
                RESCAN_EVERY,
                this::ended));
        replica = started;
        watch = new SimulatedWatch(
                machine.folder(), SimulatedMachine.MARKER, simulation.time(), machine.hintRandom(), hint -> {
                    if (isAlive) {
                        simulation.tell(machine, "hint", hint);
                        started.hint(hint);
                    }
                });
        disk.watchBy(watch);
        started.start(before, machine::syncPoint);
        driver.feeds(started);
        if (before.wasKilled()) {
            catchUp(consensus, started);
        }
    }

    /// As a node does at every start; at the first nothing waits for it.
    private void catchUp(Consensus consensus, FolderReplica started) {
        var _ = consensus
                .readIndex()
                .whenComplete((logIndex, failure) -> run(() -> {
                    if (failure == null) {
                        awaitHandled(logIndex, started);
                    } else {
                        later(CATCH_UP_RETRY, () -> catchUp(consensus, started));
                    }
                }));
    }

    private void awaitHandled(long logIndex, FolderReplica started) {
        var _ = started.status().thenAccept(status -> {
            if (status.handledIndex() >= logIndex) {
                started.caughtUp();
            } else {
                later(CATCH_UP_RETRY, () -> awaitHandled(logIndex, started));
            }
        });
    }

    private void read(Runnable task) {
        isReading = true;
        try {
            task.run();
        } finally {
            isReading = false;
        }
    }

    /// Whether what happens now is slow reading, which may wait for others.
    boolean isReading() {
        return isReading;
    }

    private void ended(Throwable defect) {
        if (!(defect instanceof ProcessKilled)) {
            simulation.defect(machine, defect);
        }
    }

    // --- life ---

    boolean isAlive() {
        return isAlive;
    }

    long startedNanos() {
        return startedNanos;
    }

    SimulatedMachine machine() {
        return machine;
    }

    Ledger ledger() {
        return simulation.ledger();
    }

    FolderReplica replica() {
        return Objects.requireNonNull(replica);
    }

    boolean ignores(RelativePath path, Kind kind) {
        return replica != null && replica.isIgnored(path, kind == Kind.DIRECTORY);
    }

    ContentStore contents() {
        return Objects.requireNonNull(contents);
    }

    SimulatedWatch watch() {
        return Objects.requireNonNull(watch);
    }

    /// Runs something as this process, unless it is dead.
    void run(Runnable work) {
        if (!isAlive) {
            return;
        }
        try {
            work.run();
        } catch (ProcessKilled killed) {
            killed.process().bury();
        } catch (RuntimeException | Error defect) {
            simulation.defect(machine, defect);
        }
    }

    void later(Duration delay, Runnable work) {
        simulation.time().after(delay, () -> run(work));
    }

    /// The end as by SIGKILL, now.
    void kill() {
        isAlive = false;
        bury();
    }

    /// The end just before the disk operation after so many others.
    void killAfter(int moreOperations) {
        diesAtOperation = operations + moreOperations;
    }

    /// The power goes just before the disk operation after so many others.
    void losePowerAfter(int moreOperations) {
        diesOfPowerLoss = true;
        if (moreOperations == 0) {
            kill();
        } else {
            killAfter(moreOperations);
        }
    }

    /// It is not killed after all.
    void spare() {
        diesOfPowerLoss = false;
        diesAtOperation = Long.MAX_VALUE;
    }

    /// Whether its last operation is set.
    boolean isDoomed() {
        return diesAtOperation != Long.MAX_VALUE;
    }

    private void bury() {
        if (machine.process() == this) {
            machine.processEnded();
        }
        machine.disk().watchBy(null);
        simulation.log().stop(machine.member());
        List.copyOf(handles).forEach(SimulatedFileHandle::close);
        if (diesOfPowerLoss) {
            diesOfPowerLoss = false;
            machine.losePower();
        }
    }

    // --- what it does on the disk ---

    /// Before an operation that changes nothing.
    void looks(String operation, RelativePath path) {
        operation(operation, path);
    }

    /// Before an operation that changes something.
    void changes(String operation, RelativePath path) {
        operation(operation, path);
    }

    private void operation(String operation, RelativePath path) {
        if (!isAlive) {
            throw new ProcessKilled(this);
        }
        machine.user().actBetweenOperations();
        ledger().goesOn(machine);
        operations++;
        if (operations > diesAtOperation) {
            isAlive = false;
            simulation.died(machine, operation);
            throw new ProcessKilled(this);
        }
        simulation.operation(machine, operation, path);
    }

    void opened(SimulatedFileHandle handle) {
        handles.add(handle);
    }

    void closed(SimulatedFileHandle handle) {
        handles.remove(handle);
    }
}
