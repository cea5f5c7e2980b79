package dev.lockstep.simulation;

import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.StagedName;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
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

    private static final int INDEX_LOOKS = 100;
    private static final RelativePath HISTORY = RelativePath.of("history");

    private final Simulation simulation;
    private final Map<Inode, Owed> owed = new HashMap<>();
    private final Map<Integer, Owed> owedInOrder = new LinkedHashMap<>();
    private final Map<Inode, Boolean> forgotten = new HashMap<>();
    private final List<Owed> settled = new ArrayList<>();
    private final List<Placed> placed = new ArrayList<>();
    private final Map<SimulatedMachine, Set<Digest>> written = new HashMap<>();
    private final Map<SimulatedMachine, Map<EntryId, Revision>> newestPlaced = new HashMap<>();
    private final Map<Inode, Damage> damaged = new HashMap<>();
    private final List<Owed> committedBeforeLoss = new ArrayList<>();
    private final Set<Digest> destroyed = new HashSet<>();
    /// By machine, contents that came into its folder: in how many files more than programs destroyed.
    private final Map<SimulatedMachine, Map<Digest, Integer>> standing = new HashMap<>();
    /// Contents that were history somewhere.
    private final Set<Digest> historic = new HashSet<>();
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

    /// What a power loss made of a file.
    ///
    /// @param isOfUser whether it is damage only because the index knows a committed revision in its place
    private record Damage(SimulatedMachine machine, Digest now, boolean isOfUser) {}

    /// A content that appeared in a folder at once.
    record Placed(SimulatedMachine machine, RelativePath path, Digest digest, String text, long atNanos) {}

    Ledger(Simulation simulation) {
        this.simulation = simulation;
    }

    // --- programs ---

    SimulatedDisk.Witness witness(SimulatedMachine machine) {
        return new SimulatedDisk.Witness() {
            @Override
            public void destroyed(Inode inode) {
                destroyed.add(contentOf(inode));
                stands(machine, contentOf(inode), -1);
            }

            @Override
            public void written(Inode inode) {
                damaged.remove(inode);
                release(inode);
                owe(machine, inode);
            }

            // Before it was compared, a damaged file that a program has touched looks like any other edit, and so may
            // one in a directory that got another name.
            @Override
            public void changed(Inode inode) {
                leaveToUser(machine, inode);
                inode.children.values().forEach(child -> changed(child.inode));
            }

            @Override
            public void forgotten(Inode inode) {
                damaged.remove(inode);
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
        stands(machine, digest, 1);
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

    private void stands(SimulatedMachine machine, Digest digest, int files) {
        standing.computeIfAbsent(machine, _ -> new HashMap<>()).merge(digest, files, Integer::sum);
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

    // --- power losses ---

    /// What a machine owes to its programs when its power goes.
    ///
    /// @param isSettled whether each must have been committed by now
    /// @param ignored   what its node ignored in the folder
    record BeforeLoss(SimulatedMachine machine, Map<Owed, Boolean> isSettled, Set<Inode> ignored) {}

    BeforeLoss beforeLoss(SimulatedMachine machine) {
        Map<Owed, Boolean> isSettled = new LinkedHashMap<>();
        for (Owed one : owedInOrder.values()) {
            if (one.machine() == machine) {
                long since = Math.max(one.sinceNanos(), machine.soundSinceNanos());
                boolean isOld = simulation.time().nowNanos() - since > SETTLED_NANOS;
                isSettled.put(one, isOld && isInFolder(machine, one.inode()));
            }
        }
        Set<Inode> ignored = new HashSet<>();
        if (simulation.hasRules()) {
            Oracle.eachFile(machine.folder(), RelativePath.ROOT, (path, inode) -> {
                if (machine.ignores(path, inode.kind)) {
                    ignored.add(inode);
                }
            });
        }
        return new BeforeLoss(machine, isSettled, ignored);
    }

    /// What was not synced may be gone or torn, and is owed no more; what was committed is still to be found.
    /// Bytes that no program put down as they are now are damage, which nobody may propose; so are others, if
    /// the index still knows a committed revision in their place that nothing has touched since. An ignored file is
    /// its user's, damaged or not.
    void lost(BeforeLoss before, List<DurablePlane.Damaged> files) {
        SimulatedMachine machine = before.machine();
        FolderIndex index = new FolderIndex(machine.indexStore());
        // What told one loss from the next is gone with the next.
        damaged.entrySet()
                .removeIf(one -> one.getValue().machine() == machine
                        && one.getValue().isOfUser()
                        && index.onInode(one.getKey().stamp()).isEmpty());
        for (DurablePlane.Damaged file : files) {
            Digest now = Digest.of(Bytes.wrap(file.inode().bytes));
            boolean isRecorded = index.byContent(file.lost(), INDEX_LOOKS).stream()
                    .anyMatch(held -> isRecord(held.stamp(), file.inode().stamp()));
            boolean isIgnored = before.ignored().contains(file.inode());
            boolean isSyncedEdit = isUncommittedEdit(machine, file.inode(), now);
            if (file.isOfUser() || isIgnored) {
                written.computeIfAbsent(machine, _ -> new HashSet<>()).add(now);
            }
            if ((!file.isOfUser() || isRecorded) && !isSyncedEdit && !isIgnored) {
                damaged.put(file.inode(), new Damage(machine, now, file.isOfUser()));
            }
        }
        Set<Inode> there = new HashSet<>();
        collect(machine.disk().top(), there);
        forgotten.keySet().removeAll(there);
        before.isSettled().forEach((one, isSettled) -> {
            if (!there.contains(one.inode()) || !contentOf(one.inode()).equals(one.digest())) {
                owed.remove(one.inode());
                owedInOrder.remove(one.number());
                if (isSettled) {
                    settled.add(one);
                }
                if (isSettled || simulation.isCommitted(one.digest())) {
                    committedBeforeLoss.add(one);
                }
            }
        });
    }

    /// A node goes on: what it ignores now, or ignored once since the loss, is its user's, damaged or not.
    void goesOn(SimulatedMachine machine) {
        if (simulation.hasRules() && !damaged.isEmpty()) {
            for (Inode inode : List.copyOf(damaged.keySet())) {
                RelativePath path = find(machine.folder(), inode);
                if (path != null && machine.ignores(path, inode.kind)) {
                    leaveToUser(machine, inode);
                }
            }
        }
    }

    private void leaveToUser(SimulatedMachine machine, Inode inode) {
        if (damaged.remove(inode) != null) {
            written.computeIfAbsent(machine, _ -> new HashSet<>()).add(contentOf(inode));
        }
    }

    /// Whether the loss has brought out what a program had synced and written over before anybody saw it.
    private boolean isUncommittedEdit(SimulatedMachine machine, Inode inode, Digest now) {
        return inode.bytes.length > 0 && isWrittenAt(machine, now) && !simulation.isCommitted(now);
    }

    /// What a program has touched since the record may be taken for an edit.
    private static boolean isRecord(Stamp record, Stamp now) {
        boolean isTouchedSince = now.ctimeNanos() > record.ctimeNanos() && now.mtimeNanos() != record.mtimeNanos();
        return record.isSameInode(now) && !isTouchedSince;
    }

    private static void collect(Inode inode, Set<Inode> found) {
        found.add(inode);
        inode.children.values().forEach(child -> collect(child.inode, found));
    }

    private static Digest contentOf(Inode inode) {
        return Digest.of(inode.kind == Kind.SYMLINK ? inode.target : Bytes.wrap(inode.bytes));
    }

    /// What was committed by a run since the last power loss of its machine is none of the damage.
    void committed(long logIndex) {
        simulation.proposal(logIndex).ifPresent(proposal -> {
            SimulatedMachine machine = simulation.machineOf(proposal.operation().node());
            if (proposal.operation().incarnation() == machine.incarnation()) {
                proposal.changes().forEach(change -> requireNoDamage(machine, change));
            }
        });
    }

    private void requireNoDamage(SimulatedMachine machine, Change change) {
        if (change instanceof Change.Put put && put.content() instanceof Content.File file) {
            RelativePath path = put.place().path();
            Inode inode = machine.disk().findOrNull(machine.folder(), path);
            // Else it is another file that stood there.
            boolean isSame =
                    inode != null && inode.mtimeNanos == put.attributes().mtimeNanos();
            Damage damage = damaged.get(inode);
            if (isSame && damage != null && file.digest().equals(damage.now())) {
                simulation.violation("node " + machine.number() + " proposes damage as an edit: " + path + " " + file);
            }
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
        if (to.top() != machine.folder()) {
            noteHistory(machine, to, target);
            return;
        }
        if (from.top() == machine.folder()) {
            return;
        }
        Inode inode = machine.disk().there(machine.folder(), target);
        if (inode.kind == Kind.FILE) {
            Bytes content = Bytes.wrap(inode.bytes);
            stands(machine, Digest.of(content), 1);
            placed.add(new Placed(
                    machine,
                    target,
                    Digest.of(content),
                    text(content),
                    simulation.time().nowNanos()));
        }
        StagedName.parse(source.name()).ifPresent(name -> noteOrder(machine, name, target));
    }

    /// A process drops a file of its own. What was a program's before may go if the folder has the same bytes.
    void unlinks(SimulatedMachine machine, @Nullable Inode inode) {
        if (inode != null
                && inode.kind == Kind.FILE
                && isOwedBy(machine, inode)
                && holds(machine.folder(), contentOf(inode))) {
            stands(machine, contentOf(inode), -1);
        }
    }

    private boolean isOwedBy(SimulatedMachine machine, Inode inode) {
        Owed one = owed.get(inode);
        return one != null && one.machine() == machine;
    }

    private static boolean holds(Inode directory, Digest digest) {
        return directory.children.values().stream()
                .anyMatch(child -> child.inode.kind == Kind.DIRECTORY
                        ? holds(child.inode, digest)
                        : contentOf(child.inode).equals(digest));
    }

    private void noteHistory(SimulatedMachine machine, SimulatedFolderRoot to, RelativePath target) {
        if (target.parent().equals(HISTORY)) {
            historic.add(contentOf(machine.disk().there(to.top(), target)));
        }
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

    /// Whether a content stood on every node, and programs destroyed it on every node before any held it as history:
    /// nobody is asked before a program writes into its own file.
    boolean isDestroyedEverywhere(Digest digest) {
        return !historic.contains(digest)
                && simulation.machines().stream().allMatch(machine -> isDestroyedAt(machine, digest));
    }

    private boolean isDestroyedAt(SimulatedMachine machine, Digest digest) {
        Integer files = standing.getOrDefault(machine, Map.of()).get(digest);
        return files != null && files <= 0;
    }

    List<Placed> placed() {
        return List.copyOf(placed);
    }

    /// What a power loss took out of a folder after it was committed, and no program destroyed elsewhere.
    List<Owed> committedBeforeLoss() {
        return committedBeforeLoss.stream()
                .filter(one -> !destroyed.contains(one.digest()))
                .toList();
    }

    boolean isWritten(Digest digest) {
        return written.values().stream().anyMatch(some -> some.contains(digest));
    }

    boolean isWrittenAt(SimulatedMachine machine, Digest digest) {
        return written.getOrDefault(machine, Set.of()).contains(digest);
    }
}
