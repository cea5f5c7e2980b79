package dev.lockstep.simulation;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Name;
import dev.lockstep.simulation.SimulatedDisk.Dentry;
import dev.lockstep.simulation.SimulatedDisk.Inode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/// What of a [SimulatedDisk] a power loss leaves.
///
/// That is what ext4 promises with `data=ordered` and delayed allocation, without its guesses for programs that do not
/// sync: names, attributes and sizes that shrink are journalled in order, and a beginning of that order survives; the
/// bytes written since a file was last synced may be there, missing in part, or zero where the file grew. Each sync, of
/// one file too, commits the whole journal, as there. Bytes never survive a time stamp that did not: with a real disk
/// that can happen to what was written over in place, and shows to nothing but a reading of all bytes.
final class DurablePlane {
    private final SimulatedJournal journal = new SimulatedJournal();
    private final Set<Inode> unsynced = new LinkedHashSet<>();

    /// A file whose bytes are not what was written to it last.
    ///
    /// @param lost     what was written
    /// @param isOfUser whether the bytes are, in part, what a program had not synced, or are where it put them
    record Damaged(Inode inode, Digest lost, boolean isOfUser) {}

    // --- what is going to happen ---

    /// What is noted from now on happens at once, or not at all.
    void begin() {
        journal.begin();
    }

    void note(Inode inode) {
        long mtimeNanos = inode.mtimeNanos;
        long ctimeNanos = inode.ctimeNanos;
        int mode = inode.mode;
        int links = inode.links;
        Dentry self = inode.self;
        int writes = inode.unsynced.writes();
        journal.note(() -> {
            inode.mtimeNanos = mtimeNanos;
            inode.ctimeNanos = ctimeNanos;
            inode.mode = mode;
            inode.links = links;
            inode.self = self;
            inode.unsynced.keep(writes);
        });
    }

    void note(Dentry dentry) {
        Inode parent = dentry.parent;
        Name name = dentry.name;
        journal.note(() -> {
            dentry.parent = parent;
            dentry.name = name;
        });
    }

    void noteName(Inode directory, Name name) {
        Dentry before = directory.children.get(name);
        journal.note(() -> {
            if (before == null) {
                directory.children.remove(name);
            } else {
                directory.children.put(name, before);
            }
        });
    }

    void written(Inode file, boolean isByUser) {
        file.unsynced.written(file.bytes, isByUser);
        unsynced.add(file);
    }

    // --- what is durable ---

    /// Makes the bytes of a file durable, and all names and attributes.
    void sync(Inode file) {
        synced(file);
        unsynced.remove(file);
        journal.commit();
    }

    void syncNames() {
        journal.commit();
    }

    void syncAll() {
        unsynced.forEach(DurablePlane::synced);
        unsynced.clear();
        journal.commit();
    }

    private static void synced(Inode file) {
        file.unsynced.synced(file.bytes);
        file.isRenamedByUser = false;
    }

    List<Damaged> losePower(RandomGenerator random) {
        journal.losePower(random);
        List<Damaged> damaged = new ArrayList<>();
        for (Inode file : unsynced) {
            Digest lost = Digest.of(Bytes.wrap(file.bytes));
            boolean isOfUser = file.isMadeByUser || file.isRenamedByUser || file.unsynced.isOfUser();
            file.bytes = file.unsynced.remnant(random);
            synced(file);
            if (!Digest.of(Bytes.wrap(file.bytes)).equals(lost)) {
                damaged.add(new Damaged(file, lost, isOfUser));
            }
        }
        unsynced.clear();
        return damaged;
    }
}
