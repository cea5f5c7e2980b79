package dev.lockstep.simulation;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.Command;
import dev.lockstep.catalog.CommandCodec;
import dev.lockstep.consensus.Commit;
import dev.lockstep.folder.IgnoreRules;
import dev.lockstep.folder.Kind;
import dev.lockstep.materialize.StagedName;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.RelativePath;
import dev.lockstep.replica.ReplicaStatus;
import dev.lockstep.simulation.SimulatedDisk.Inode;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/// Says what is wrong at the end of a run, when all troubles are over and the log is still.
final class Oracle {
    private final Simulation simulation;
    private final Set<Digest> committed = new HashSet<>();
    private final Set<Digest> kept = new HashSet<>();
    /// Where something that is ignored has the place of something else.
    private final Set<SimulatedMachine> waiting = new HashSet<>();

    Oracle(Simulation simulation) {
        this.simulation = simulation;
    }

    void judge() {
        collectCommitted();
        simulation.machines().forEach(this::collectKept);
        simulation.machines().forEach(this::requireSettled);
        simulation.machines().forEach(this::requireSameTree);
        simulation.machines().forEach(this::requireNothingLeft);
        requireNothingLost();
        requireNothingTorn();
        for (SimulatedMachine machine : simulation.machines()) {
            if (!machine.outside().equals(machine.outsideAtFirst())) {
                simulation.violation("node " + machine.number() + " touched what is outside: " + machine.outside());
            }
        }
    }

    private void collectCommitted() {
        for (Commit commit : simulation.log().commits()) {
            if (CommandCodec.decode(commit.command()).orElseThrow() instanceof Command.Propose propose) {
                propose.proposal().changes().forEach(change -> {
                    if (change instanceof Change.Put put) {
                        digest(put.content());
                    }
                });
            }
        }
    }

    private void digest(Content content) {
        switch (content) {
            case Content.File file -> {
                committed.add(file.digest());
                if (file.sizeBytes() > 0 && !simulation.ledger().isWritten(file.digest())) {
                    simulation.violation("committed, but nobody wrote it: " + file);
                }
            }
            case Content.Symlink link -> committed.add(Digest.of(link.target()));
            case Content.Directory() -> {}
        }
    }

    private void collectKept(SimulatedMachine machine) {
        for (String part : new String[] {"staged", "history"}) {
            machine.disk()
                    .there(machine.state(), RelativePath.of(part))
                    .children
                    .forEach((_, dentry) -> {
                        if (dentry.inode.kind == Kind.FILE) {
                            kept.add(Digest.of(Bytes.wrap(dentry.inode.bytes)));
                        }
                    });
        }
        eachFile(machine.folder(), RelativePath.ROOT, (_, inode) -> {
            if (inode.kind == Kind.FILE) {
                kept.add(Digest.of(Bytes.wrap(inode.bytes)));
            } else if (inode.kind == Kind.SYMLINK) {
                kept.add(Digest.of(inode.target));
            }
        });
    }

    interface Visitor {
        void visit(RelativePath path, Inode inode);
    }

    static void eachFile(Inode directory, RelativePath path, Visitor visitor) {
        directory.children.forEach((name, dentry) -> {
            if (!path.isRoot() || !name.equals(SimulatedMachine.MARKER)) {
                visitor.visit(path.child(name), dentry.inode);
                eachFile(dentry.inode, path.child(name), visitor);
            }
        });
    }

    // --- each node ---

    private void requireSettled(SimulatedMachine machine) {
        SimulatedProcess process = machine.process();
        if (process == null) {
            simulation.violation("node " + machine.number() + " does not run");
            return;
        }
        CompletableFuture<ReplicaStatus> asked = process.replica().status();
        simulation.rest();
        ReplicaStatus status = asked.join();
        // An ignored entry may have the place of another, which waits where it was.
        boolean isInTheWay = simulation.hasRules()
                && status.pending() == 0
                && status.unreadable().isEmpty()
                && !status.unplaceable().isEmpty();
        if (isInTheWay && status.toPlace() > 0) {
            waiting.add(machine);
        } else if (!status.isSettled()) {
            simulation.violation("node " + machine.number() + " is not settled: " + status);
        }
    }

    private void requireSameTree(SimulatedMachine machine) {
        if (waiting.contains(machine)) {
            return;
        }
        Map<RelativePath, String> wanted = new TreeMap<>();
        new Catalog(machine.catalogStore()).walk(view -> {
            view.forEachEntry(entry -> {
                RelativePath path = view.path(entry.id());
                wanted.put(path == null ? RelativePath.ROOT : path, text(entry));
            });
            return true;
        });
        Map<RelativePath, String> found = new TreeMap<>();
        Set<RelativePath> ignored = new TreeSet<>();
        IgnoreRules rules = rules(machine);
        eachFile(machine.folder(), RelativePath.ROOT, (path, inode) -> {
            if (rules.isIgnored(path, inode.kind == Kind.DIRECTORY)) {
                ignored.add(path);
            } else {
                found.put(path, text(inode));
            }
        });
        Set<RelativePath> all = new TreeSet<>(wanted.keySet());
        all.addAll(found.keySet());
        // A directory stays for the sake of what is ignored in it, and that stays where something else is wanted.
        all.removeIf(path -> ignored.stream().anyMatch(one -> path.startsWith(one))
                || (!wanted.containsKey(path) && ignored.stream().anyMatch(one -> one.startsWith(path))));
        for (RelativePath path : all) {
            String want = wanted.getOrDefault(path, "nothing");
            String have = found.getOrDefault(path, "nothing");
            if (!want.equals(have)) {
                simulation.violation(
                        "node " + machine.number() + " has at " + path + ": " + have + ", wanted: " + want);
            }
        }
    }

    private static IgnoreRules rules(SimulatedMachine machine) {
        Inode file = machine.disk().findOrNull(machine.folder(), SimulatedUser.RULES);
        return file == null || file.kind != Kind.FILE ? IgnoreRules.NONE : IgnoreRules.parse(Bytes.wrap(file.bytes));
    }

    private static String text(Entry entry) {
        int mode = entry.attributes().mode();
        long mtimeNanos = entry.attributes().mtimeNanos();
        return switch (entry.content()) {
            case Content.File(Digest digest, long size) ->
                "file %o %d %s %d".formatted(mode, mtimeNanos, digest.toString().substring(0, 12), size);
            case Content.Directory() -> "directory %o".formatted(mode);
            case Content.Symlink(Bytes target) -> "symlink %d %s".formatted(mtimeNanos, target.toUtf8());
        };
    }

    private static String text(Inode inode) {
        int mode = inode.mode & 0777;
        return switch (inode.kind) {
            case FILE ->
                "file %o %d %s %d"
                        .formatted(
                                mode,
                                inode.mtimeNanos,
                                Digest.of(Bytes.wrap(inode.bytes)).toString().substring(0, 12),
                                inode.bytes.length);
            case DIRECTORY -> "directory %o".formatted(mode);
            case SYMLINK -> "symlink %d %s".formatted(inode.mtimeNanos, inode.target.toUtf8());
            case SPECIAL -> "special";
        };
    }

    private void requireNothingLeft(SimulatedMachine machine) {
        machine.disk()
                .there(machine.state(), RelativePath.of("staged"))
                .children
                .keySet()
                .forEach(name -> {
                    String text = name.toString();
                    if (StagedName.parse(name).isPresent() || text.contains(".part-") || text.endsWith(".at")) {
                        simulation.violation("node " + machine.number() + " leaves in staged/: " + text);
                    }
                });
    }

    // --- all nodes ---

    private void requireNothingLost() {
        for (Ledger.Owed owed : simulation.ledger().owed()) {
            boolean isSymlink = owed.kind() == Kind.SYMLINK;
            boolean isCommitted = committed.contains(owed.digest());
            boolean isGone = isCommitted && simulation.ledger().isDestroyedEverywhere(owed.digest());
            if (!kept.contains(owed.digest()) && !(isSymlink && isCommitted) && !isGone) {
                simulation.violation("lost: " + owed);
            }
        }
        for (Ledger.Owed settled : simulation.ledger().settled()) {
            // What was ignored is nobody's but its machine's.
            if (!simulation.hasRules() && !committed.contains(settled.digest())) {
                simulation.violation("settled, but never committed: " + settled);
            }
        }
        for (Ledger.Owed owed : simulation.ledger().committedBeforeLoss()) {
            if (owed.kind() == Kind.FILE && !kept.contains(owed.digest())) {
                simulation.violation("lost with the power, though it was committed: " + owed);
            }
        }
    }

    private void requireNothingTorn() {
        for (Ledger.Placed placed : simulation.ledger().placed()) {
            if (!committed.contains(placed.digest())
                    && !simulation.ledger().isWrittenAt(placed.machine(), placed.digest())) {
                simulation.violation("torn: node %d shows %s at %s at %.3f ms"
                        .formatted(placed.machine().number(), placed.text(), placed.path(), placed.atNanos() / 1e6));
            }
        }
    }
}
