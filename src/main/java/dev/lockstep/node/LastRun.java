package dev.lockstep.node;

import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.replica.FolderReplica;
import dev.lockstep.replica.PowerLoss;
import dev.lockstep.replica.PreviousRun;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps the record of this run, by which the next one knows whether something can have been lost. Written by the
/// folder's control loop, and at the end by the closing thread.
final class LastRun {
    /// What the clock of a file system may be behind, and a little more.
    private static final long MARGIN_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final Logger log = LoggerFactory.getLogger(LastRun.class);

    private final NodeConfig config;
    private final DurableFiles files;
    private final InstantSource clock;
    private final Optional<PowerLoss> powerLoss;
    private final boolean wasKilled;
    private RunRecord record;

    private LastRun(
            NodeConfig config,
            DurableFiles files,
            InstantSource clock,
            RunRecord record,
            boolean wasKilled,
            Optional<PowerLoss> powerLoss) {
        this.config = config;
        this.files = files;
        this.clock = clock;
        this.record = record;
        this.wasKilled = wasKilled;
        this.powerLoss = powerLoss;
    }

    /// Reads the record of the run before and makes that of this one durable.
    static LastRun follow(NodeConfig config, Machine machine, DurableFiles files, InstantSource clock)
            throws IOException {
        Optional<RunRecord> before = RunRecord.read(config.state());
        RunRecord now = RunRecord.begun(machine, config, before);
        Optional<PowerLoss> loss = Optional.empty();
        if (now.isRecovering()) {
            long beforeNanos = lossNanos(machine, before.map(RunRecord::boot).orElse(""), clock);
            loss = Optional.of(new PowerLoss(now.syncedIndex(), beforeNanos));
            log.atWarn()
                    .addKeyValue("syncPoint", now.syncedIndex())
                    .log("the last run ended by a power loss, or its file system was taken away: what was written"
                            + " since the last sync point is compared");
        }
        now.write(files, config.state());
        FailPoint.reach("run.recorded");
        boolean wasKilled = before.filter(run -> !run.isClean()).isPresent();
        return new LastRun(config, files, clock, now, wasKilled, loss);
    }

    /// What changed after the machine was up again was no part of the loss.
    private static long lossNanos(Machine machine, String bootBefore, InstantSource clock) {
        long nowNanos = TimeUnit.MILLISECONDS.toNanos(clock.millis());
        OptionalLong bootNanos = machine.bootNanos();
        boolean hasBooted = System.getProperty(Machine.BOOT_ID) == null
                && !bootBefore.equals(machine.bootId().orElse(""));
        return hasBooted ? bootNanos.orElse(nowNanos) : nowNanos;
    }

    Optional<PowerLoss> powerLoss() {
        return powerLoss;
    }

    /// What the replica has to know.
    PreviousRun previousRun() {
        return new PreviousRun(syncedIndex(), wasKilled, powerLoss);
    }

    long syncedIndex() {
        return record.syncedIndex();
    }

    /// @return nanoseconds since 1970: what was written before then is durable
    long durableNanos() {
        return TimeUnit.MILLISECONDS.toNanos(record.syncedMillis()) - MARGIN_NANOS;
    }

    synchronized void synced(long logIndex) {
        record = record.synced(logIndex, clock.millis());
        try {
            record.write(files, config.state());
        } catch (IOException failure) {
            // The point before stays on record: after a power loss more is compared than need be.
            log.atWarn().addKeyValue("cause", failure.toString()).log("a sync point could not be recorded");
        }
    }

    /// Makes all that was written durable, and says so. After the folder's loop has ended.
    synchronized void end(FolderReplica replica, FolderIndex index, FolderRoot folder, FolderRoot state) {
        if (!replica.isRecovered()) {
            return;
        }
        try {
            long marks = index.beginMarks();
            folder.syncfs();
            state.syncfs();
            index.endMarks(marks);
            record = record.ended();
            record.write(files, config.state());
        } catch (IOException failure) {
            log.atWarn().addKeyValue("cause", failure.toString()).log("not everything is durable at the end");
        }
    }
}
