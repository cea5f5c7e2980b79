package dev.lockstep.simulation;

import dev.lockstep.folder.Kind;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.simulation.SimulatedDisk.Inode;
import dev.lockstep.watch.Hint;
import dev.lockstep.watch.Hint.Cause;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Turns what happens on a disk into hints, as the inotify watcher does: late, sometimes twice, and while it is deaf
/// not at all.
final class SimulatedWatch implements SimulatedDisk.Watcher {
    private static final long LATE_NANOS_MAX = Duration.ofMillis(8).toNanos();

    private final Inode folder;
    private final Name marker;
    private final VirtualTime time;
    private final RandomGenerator random;
    private final Consumer<Hint> sink;
    private long lastNanos;
    private boolean isDeaf;
    private boolean hasMissed;

    SimulatedWatch(Inode folder, Name marker, VirtualTime time, RandomGenerator random, Consumer<Hint> sink) {
        this.folder = folder;
        this.marker = marker;
        this.time = time;
        this.random = random;
        this.sink = sink;
    }

    /// From now on nothing is heard.
    void goDeaf() {
        isDeaf = true;
    }

    /// Hears again.
    ///
    /// @param tells whether it says that it missed something, as after an overflow; else only a rescan finds it
    void hearAgain(boolean tells) {
        if (isDeaf && hasMissed && tells) {
            send(new Hint.EverythingDirty("events were lost"));
        }
        isDeaf = false;
        hasMissed = false;
    }

    @Override
    public void dirty(Inode directory, Name name, Cause cause) {
        RelativePath path = path(directory, name);
        if (path != null) {
            tell(new Hint.Dirty(path, cause));
        }
    }

    @Override
    public void appeared(Inode directory, Name name) {
        RelativePath path = path(directory, name);
        if (path != null) {
            tell(new Hint.DirtySubtree(path));
        }
    }

    @Override
    public void moved(Inode from, Name oldName, Inode to, Name newName, Kind kind) {
        RelativePath source = path(from, oldName);
        RelativePath target = path(to, newName);
        if (source != null && target != null) {
            tell(new Hint.Moved(source, target));
        } else if (source != null) {
            tell(new Hint.Dirty(source, Cause.MOVED_OUT));
        } else if (target != null) {
            tell(kind == Kind.DIRECTORY ? new Hint.DirtySubtree(target) : new Hint.Dirty(target, Cause.MOVED_IN));
        }
    }

    private @Nullable RelativePath path(Inode directory, Name name) {
        if (directory == folder && name.equals(marker)) {
            return null;
        }
        RelativePath parent = SimulatedDisk.pathWithin(folder, directory);
        return parent == null ? null : parent.child(name);
    }

    private void tell(Hint hint) {
        if (isDeaf) {
            hasMissed = true;
            return;
        }
        send(hint);
        if (random.nextInt(16) == 0) {
            send(hint);
        }
    }

    private void send(Hint hint) {
        long lateNanos = random.nextInt(8) == 0 ? random.nextLong(LATE_NANOS_MAX) : random.nextLong(200_000);
        lastNanos = Math.max(lastNanos, time.nowNanos() + lateNanos);
        time.at(lastNanos, () -> sink.accept(hint));
    }
}
