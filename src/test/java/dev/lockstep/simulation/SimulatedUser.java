package dev.lockstep.simulation;

import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.IgnoreRules;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.simulation.SimulatedDisk.Dentry;
import dev.lockstep.simulation.SimulatedDisk.Inode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The programs of one machine. What they do between two disk operations of the node's process, or when it rests, is
/// in the script.
final class SimulatedUser {
    static final RelativePath RULES = RelativePath.ROOT.child(IgnoreRules.FILE);
    static final int TOKEN_BYTES = 8;

    private final SimulatedMachine machine;
    private final Simulation simulation;
    private final Map<Integer, Opened> open = new TreeMap<>();
    private final Deque<Armed> armed = new ArrayDeque<>();

    private static final class Opened {
        private final Dentry dentry;
        private int position;

        private Opened(Dentry dentry, int position) {
            this.dentry = dentry;
            this.position = position;
        }
    }

    private static final class Armed {
        private final UserStep step;
        private int operations;
        private boolean isDone;

        private Armed(UserStep step, int operations) {
            this.step = step;
            this.operations = operations;
        }
    }

    SimulatedUser(SimulatedMachine machine, Simulation simulation) {
        this.machine = machine;
        this.simulation = simulation;
    }

    /// Takes a step, after those taken before.
    ///
    /// @param afterOperations how many operations of the node's process come first; 0 for at once
    /// @param patienceNanos   after which it is taken in any case
    void act(UserStep step, int afterOperations, long patienceNanos) {
        Armed next = new Armed(step, afterOperations);
        armed.addLast(next);
        if (afterOperations == 0 || !machine.isRunning()) {
            actUntil(next);
        } else {
            simulation.time().at(simulation.time().nowNanos() + patienceNanos, () -> actUntil(next));
        }
    }

    private void actUntil(Armed last) {
        while (!last.isDone && !armed.isEmpty()) {
            go(armed.removeFirst());
        }
    }

    /// The node's process is about to do something on the disk.
    void actBetweenOperations() {
        if (armed.isEmpty()) {
            return;
        }
        armed.getFirst().operations--;
        while (!armed.isEmpty() && armed.getFirst().operations <= 0) {
            go(armed.removeFirst());
        }
    }

    private void go(Armed next) {
        next.isDone = true;
        simulation.tell(machine, "user", next.step);
        machine.disk().byUser(() -> {
            try {
                take(next.step);
            } catch (FolderException refused) {
                simulation.tell(machine, "refused", refused);
            }
        });
    }

    /// Ends every program that has a file open.
    void closeAll() {
        while (!armed.isEmpty()) {
            go(armed.removeFirst());
        }
        machine.disk().byUser(() -> List.copyOf(open.keySet()).forEach(this::close));
    }

    /// Every program ends; nothing is closed.
    void losePower() {
        armed.clear();
        open.clear();
    }

    private void take(UserStep step) throws FolderException {
        SimulatedDisk disk = machine.disk();
        Inode root = machine.folder();
        switch (step) {
            case UserStep.Open(int slot, RelativePath path, UserStep.Opening opening) -> open(slot, path, opening);
            case UserStep.Write(int slot, int token, int copies) -> write(slot, token, copies);
            case UserStep.CutOff(int slot, int sizeBytes) -> cutOff(slot, sizeBytes);
            case UserStep.Sync(int slot) -> sync(slot);
            case UserStep.Close(int slot) -> close(slot);
            case UserStep.MakeDirectories(RelativePath path) -> makeDirectories(path);
            case UserStep.RemoveDirectory(RelativePath path) -> disk.removeDirectory(root, path);
            case UserStep.RemoveTree(RelativePath path) -> removeTree(path);
            case UserStep.Remove(RelativePath path) -> disk.unlink(root, path);
            case UserStep.Rename(RelativePath from, RelativePath to, RenameMode mode) ->
                disk.rename(root, from, root, to, mode);
            case UserStep.MakeSymlink(RelativePath path, String target) ->
                disk.createSymlink(root, path, Bytes.utf8(target));
            case UserStep.Link(RelativePath existing, RelativePath added) ->
                disk.link(disk.existing(root, existing, "link").inode, root, added);
            case UserStep.ChangeMode(RelativePath path, int mode) -> changeMode(path, mode);
            case UserStep.Touch(RelativePath path, long mtimeNanos) ->
                disk.setMtime(disk.existing(root, path, "touch"), mtimeNanos == 0 ? disk.nowNanos() : mtimeNanos);
            case UserStep.SaveRules(String text) -> saveRules(text);
            case UserStep.Sneak(RelativePath path, int token) -> sneak(path, token);
        }
    }

    // --- open files ---

    private void open(int slot, RelativePath path, UserStep.Opening opening) throws FolderException {
        close(slot);
        SimulatedDisk disk = machine.disk();
        Dentry there = disk.find(machine.folder(), path, "open");
        boolean isMissing = there == null;
        if (there != null && (there.inode.kind != Kind.FILE || opening == UserStep.Opening.EXCLUSIVE)) {
            return;
        }
        if (isMissing && opening == UserStep.Opening.EXISTING) {
            return;
        }
        Dentry dentry = there == null ? disk.createFile(machine.folder(), path, 0644) : there;
        disk.opened(dentry.inode, true);
        if (opening == UserStep.Opening.TRUNCATE && dentry.inode.bytes.length > 0) {
            disk.setBytes(dentry, new byte[0]);
        }
        int position = opening == UserStep.Opening.APPEND ? dentry.inode.bytes.length : 0;
        open.put(slot, new Opened(dentry, position));
    }

    private void write(int slot, int token, int copies) {
        Opened file = open.get(slot);
        if (file == null || !simulation.mayWrite(machine, file.dentry.inode)) {
            return;
        }
        byte[] text = text(token, copies);
        byte[] before = file.dentry.inode.bytes;
        byte[] after = Arrays.copyOf(before, Math.max(before.length, file.position + text.length));
        System.arraycopy(text, 0, after, file.position, text.length);
        file.position += text.length;
        machine.disk().setBytes(file.dentry, after);
    }

    static byte[] text(int token, int copies) {
        return "%07d\n".formatted(token).repeat(copies).getBytes(StandardCharsets.US_ASCII);
    }

    private void cutOff(int slot, int sizeBytes) {
        Opened file = open.get(slot);
        if (file != null && simulation.mayWrite(machine, file.dentry.inode)) {
            machine.disk().setBytes(file.dentry, Arrays.copyOf(file.dentry.inode.bytes, sizeBytes));
            file.position = Math.min(file.position, sizeBytes);
        }
    }

    private void sync(int slot) {
        Opened file = open.get(slot);
        if (file != null) {
            machine.disk().durable().sync(file.dentry.inode);
        }
    }

    private void close(int slot) {
        Opened file = open.remove(slot);
        if (file != null) {
            machine.disk().closed(file.dentry, true);
        }
    }

    // --- names and attributes ---

    private void makeDirectories(RelativePath path) throws FolderException {
        for (int depth = 1; depth <= path.depth(); depth++) {
            RelativePath at = new RelativePath(path.names().subList(0, depth));
            if (machine.disk().find(machine.folder(), at, "make directory") == null) {
                machine.disk().createDirectory(machine.folder(), at, 0755);
            }
        }
    }

    private void removeTree(RelativePath path) throws FolderException {
        Dentry top = machine.disk().existing(machine.folder(), path, "remove");
        if (top.inode.kind != Kind.DIRECTORY) {
            machine.disk().unlink(machine.folder(), path);
            return;
        }
        for (Name name : new ArrayList<>(top.inode.children.keySet())) {
            removeTree(path.child(name));
        }
        machine.disk().removeDirectory(machine.folder(), path);
    }

    private void changeMode(RelativePath path, int mode) throws FolderException {
        Dentry dentry = machine.disk().existing(machine.folder(), path, "chmod");
        if (dentry.inode.kind != Kind.SYMLINK) {
            machine.disk().setMode(dentry, dentry.inode.kind == Kind.DIRECTORY ? mode | 0700 : mode);
        }
    }

    private void saveRules(String text) throws FolderException {
        SimulatedDisk disk = machine.disk();
        Dentry there = disk.find(machine.folder(), RULES, "open");
        Dentry dentry = there == null ? disk.createFile(machine.folder(), RULES, 0644) : there;
        disk.opened(dentry.inode, true);
        disk.setBytes(dentry, text.getBytes(StandardCharsets.US_ASCII));
        disk.closed(dentry, true);
    }

    private void sneak(RelativePath path, int token) throws FolderException {
        Dentry dentry = machine.disk().existing(machine.folder(), path, "sneak");
        byte[] before = dentry.inode.bytes;
        if (dentry.inode.kind == Kind.FILE && before.length > 0) {
            long mtimeNanos = dentry.inode.mtimeNanos;
            byte[] text = text(token, 1 + before.length / TOKEN_BYTES);
            machine.disk().opened(dentry.inode, true);
            machine.disk().setBytes(dentry, Arrays.copyOf(text, before.length));
            machine.disk().setMtime(dentry, mtimeNanos);
            machine.disk().closed(dentry, true);
        }
    }
}
