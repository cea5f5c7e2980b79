package dev.lockstep.simulation;

import dev.lockstep.folder.Kind;
import dev.lockstep.materialize.StagedName;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.simulation.SimulatedDisk.Inode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who wrote what, and what the nodes' processes did to it. What a program wrote is owed to it until a program
/// destroys it.
final class Ledger {
    /// What stays that long on a sound node is committed.
    private static final long SETTLED_NANOS = Duration.ofSeconds(6).toNanos();

    private final Simulation simulation;
    private final Map<Inode, Owed> owed = new HashMap<>();
    private final Map<Integer, Owed> owedInOrder = new LinkedHashMap<>();
    private final Map<Inode, Boolean> forgotten = new HashMap<>();
    private final List<Owed> settled = new ArrayList<>();
    private final List<Placed> placed = new ArrayList<>();
    private final Map<SimulatedMachine, Set<Digest>> written = new HashMap<>();
    private final Map<SimulatedMachine, Map<EntryId, Revision>> newestPlaced = new HashMap<>();
    private int lastNumber;

    /// A content that a program wrote.
    record Owed(
            int number, SimulatedMachine machine, Kind kind, Digest digest, String text, long sinceNanos, Inode inode) {
        @Override
        public String toString() {
            return "%s of node %d, written at %.3f ms (inode %d)"
                    .formatted(text, machine.number(), sinceNanos / 1e6, inode.number);
        }
    }

    /// A content that appeared in a folder at once.
    record Placed(SimulatedMachine machine, RelativePath path, Digest digest, String text, long atNanos) {}

    Ledger(Simulation simulation) {
        this.simulation = simulation;
    }

    // --- programs ---

    SimulatedDisk.Witness witness(SimulatedMachine machine) {
        return new SimulatedDisk.Witness() {
            @Override
            public void written(Inode inode) {
                release(inode);
                owe(machine, inode);
            }

            @Override
            public void forgotten(Inode inode) {
                release(inode);
                forgotten.put(inode, true);
            }
        };
    }

    /// Whether a program took away its last name.
    boolean isForgotten(Inode inode) {
        return forgotten.containsKey(inode);
    }

    private void owe(SimulatedMachine machine, Inode inode) {
        Bytes content = inode.kind == Kind.SYMLINK ? inode.target : Bytes.wrap(inode.bytes);
        Digest digest = Digest.of(content);
        written.computeIfAbsent(machine, _ -> new HashSet<>()).add(digest);
        if (content.size() == 0 || forgotten.containsKey(inode)) {
            return;
        }
        Owed now = new Owed(
                ++lastNumber,
                machine,
                inode.kind,
                digest,
                text(content),
                simulation.time().nowNanos(),
                inode);
        owed.put(inode, now);
        owedInOrder.put(now.number(), now);
    }

    static String text(Bytes content) {
        String text = content.toUtf8().replace('\n', '|');
        return text.length() > 40 ? text.substring(0, 40) + "..." + content.size() : text;
    }

    private void release(Inode inode) {
        Owed before = owed.remove(inode);
        if (before == null) {
            return;
        }
        owedInOrder.remove(before.number());
        long since = Math.max(before.sinceNanos(), before.machine().soundSinceNanos());
        boolean isSettled = simulation.time().nowNanos() - since > SETTLED_NANOS;
        if (isSettled && isInFolder(before.machine(), inode)) {
            settled.add(before);
        }
    }

    private static boolean isInFolder(SimulatedMachine machine, Inode inode) {
        return find(machine.folder(), inode) != null;
    }

    static @Nullable RelativePath find(Inode directory, Inode wanted) {
        for (SimulatedDisk.Dentry dentry : directory.children.values()) {
            if (dentry.inode == wanted) {
                return RelativePath.ROOT.child(dentry.name);
            }
            RelativePath below = find(dentry.inode, wanted);
            if (below != null) {
                RelativePath path = RelativePath.ROOT.child(dentry.name);
                for (var name : below.names()) {
                    path = path.child(name);
                }
                return path;
            }
        }
        return null;
    }

    // --- processes ---

    void madeInside(SimulatedMachine machine, SimulatedFolderRoot root, RelativePath path) {
        if (root.top() == machine.folder()) {
            simulation.violation("node " + machine.number() + " makes an empty file in the folder: " + path);
        }
    }

    void writes(SimulatedMachine machine, Inode inode, RelativePath path) {
        if (isInFolder(machine, inode)) {
            simulation.violation("node " + machine.number() + " writes to a file in the folder: " + path);
        }
    }

    void renamed(
            SimulatedMachine machine,
            SimulatedFolderRoot from,
            RelativePath source,
            SimulatedFolderRoot to,
            RelativePath target) {
        if (to.top() != machine.folder() || from.top() == machine.folder()) {
            return;
        }
        Inode inode = machine.disk().there(machine.folder(), target);
        if (inode.kind == Kind.FILE) {
            Bytes content = Bytes.wrap(inode.bytes);
            placed.add(new Placed(
                    machine,
                    target,
                    Digest.of(content),
                    text(content),
                    simulation.time().nowNanos()));
        }
        StagedName.parse(source.name()).ifPresent(name -> noteOrder(machine, name, target));
    }

    private void noteOrder(SimulatedMachine machine, StagedName name, RelativePath target) {
        if (name.use() != StagedName.Use.PLACE) {
            return;
        }
        Map<EntryId, Revision> newest = newestPlaced.computeIfAbsent(machine, _ -> new HashMap<>());
        Revision before = newest.getOrDefault(name.entry(), Revision.NONE);
        if (name.revision().compareTo(before) < 0 || name.revision().compareTo(name.base()) < 0) {
            simulation.violation("node " + machine.number() + " takes " + target + " back from " + before + " (held "
                    + name.base() + ") to " + name.revision());
        }
        newest.put(name.entry(), name.revision());
    }

    // --- at the end ---

    /// What no program has destroyed, in the order in which it was written.
    List<Owed> owed() {
        return List.copyOf(owedInOrder.values());
    }

    /// What programs destroyed when it must have been committed already.
    List<Owed> settled() {
        return List.copyOf(settled);
    }

    List<Placed> placed() {
        return List.copyOf(placed);
    }

    boolean isWrittenAt(SimulatedMachine machine, Digest digest) {
        return written.getOrDefault(machine, Set.of()).contains(digest);
    }
}
