package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.propose.Proposer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Writes into the folder index what the cluster decided about local changes: from then on the bytes on disk
/// are known to be
/// that revision of that entry. Whatever the catalog wants beyond that is left to placing. Owned by the
/// control loop.
final class Decisions {
    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;
    private final Adoption adoption;
    private final LocalChanges changes;
    private final Placements placements;
    private final ContentService contents;
    private final Restores restores;
    private final DisplacedEdits displaced;
    private final SyncPoints syncPoints;

    Decisions(
            Catalog catalog,
            FolderIndex index,
            FolderRoot root,
            Adoption adoption,
            LocalChanges changes,
            Placements placements,
            ContentService contents,
            Restores restores,
            DisplacedEdits displaced,
            SyncPoints syncPoints) {
        this.catalog = catalog;
        this.index = index;
        this.root = root;
        this.adoption = adoption;
        this.changes = changes;
        this.placements = placements;
        this.contents = contents;
        this.restores = restores;
        this.displaced = displaced;
        this.syncPoints = syncPoints;
    }

    void take(List<Proposer.Decision> decisions) {
        for (Proposer.Decision decision : decisions) {
            take(decision.change(), decision.outcome());
            decision.change().paths().forEach(placements::wake);
        }
        if (!decisions.isEmpty()) {
            changes.wakeBlocked();
        }
    }

    private void take(PendingChange pending, Outcome outcome) {
        switch (pending.change()) {
            case Change.Put put -> put(pending, put, outcome);
            case Change.Move move -> moved(move.relocations());
            case Change.Delete delete -> deleted(pending, delete);
            case Change.Release release -> released(pending, release);
            case Change.SetAttributes set -> attributesSet(pending, set);
        }
    }

    private void put(PendingChange pending, Change.Put put, Outcome outcome) {
        if (restores.decided(pending, outcome)) {
            return;
        }
        if (pending.stamp().isEmpty()) {
            displaced.decided(pending, outcome);
            return;
        }
        if (pending.content().isEmpty() && put.content() instanceof Content.File file) {
            contents.release(file);
            syncPoints.release(file.digest());
        }
        RelativePath path = pending.path();
        switch (outcome) {
            case Outcome.Accepted(EntryId entry, Revision revision) -> hold(pending, put, entry, revision);
            case Outcome.Copied(EntryId copy, Revision revision) -> hold(pending, put, copy, revision);
            case Outcome.Overruled(String reason) -> changes.dirty(path);
            case Outcome.Refused(String reason) -> changes.unsupported().put(path, reason);
        }
    }

    /// The bytes at the path are `id` at `revision`, whatever the index said of the path before.
    private void hold(PendingChange pending, Change.Put put, EntryId id, Revision revision) {
        RelativePath path = pending.path();
        EntryId parent = adoption.heldDirectory(path.parent());
        if (parent == null) {
            changes.dirty(path);
            return;
        }
        Stamp stamp = pending.stamp().orElseThrow();
        if (!put.content().isDirectory() && standsElsewhere(id, path)) {
            takeOut(new Held(here(id, parent, path.name(), put, revision), stamp), path);
            placements.enqueue(id);
            return;
        }
        Held before = index.child(parent, path.name());
        if (before != null && !before.id().equals(id)) {
            index.remove(before.id());
            placements.enqueue(before.id());
        }
        RelativePath elsewhere = put.content().isDirectory() && standsElsewhere(id, path) ? index.path(id) : null;
        FailPoint.pass("deciding.accepted");
        index.put(new Held(here(id, parent, path.name(), put, revision), stamp));
        FailPoint.pass("deciding.recorded");
        placements.enqueue(id);
        lookAgainIfChanged(path, stamp);
        if (elsewhere != null) {
            changes.leftBehind(id, elsewhere, pending.sequence());
        }
    }

    private void takeOut(Held spare, RelativePath path) {
        try {
            if (!placements.takeOut(spare, path)) {
                changes.dirty(path);
            }
        } catch (IOException refused) {
            changes.refused(path, String.valueOf(refused.getMessage()));
        }
    }

    /// Whether the entry is in the folder under another name: one that was saved twice became one conflict copy.
    private boolean standsElsewhere(EntryId id, RelativePath path) {
        Held held = index.held(id);
        RelativePath at = held == null ? null : index.path(id);
        if (held == null || at == null || at.equals(path)) {
            return false;
        }
        Stamp there = statOrNull(at);
        return there != null && there.isSameInode(held.stamp());
    }

    private static Entry here(EntryId id, EntryId parent, Name name, Change.Put put, Revision revision) {
        return new Entry(id, parent, name, put.content(), put.attributes(), revision, revision, false);
    }

    private void deleted(PendingChange pending, Change.Delete delete) {
        index.remove(delete.entry());
        placements.enqueue(delete.entry());
        changes.dirty(pending.path());
    }

    /// What stands on disk did not change: placing decides whether the entry is to be forgotten.
    private void released(PendingChange pending, Change.Release release) {
        placements.enqueue(release.entry());
        changes.dirty(pending.path());
    }

    /// Whatever the outcome, these are the attributes that stand on disk: the same difference is not proposed again,
    /// and what the cluster wants instead is placed.
    private void attributesSet(PendingChange pending, Change.SetAttributes set) {
        Held held = index.held(set.entry());
        if (held == null) {
            changes.dirty(pending.path());
        } else {
            Attributes before = held.entry().attributes();
            Attributes now = new Attributes(
                    set.mode().orElse(before.mode()), set.mtimeNanos().orElse(before.mtimeNanos()));
            Stamp stamp = pending.stamp().orElseThrow();
            index.put(new Held(held.entry().withAttributes(now), stamp));
            lookAgainIfChanged(pending.path(), stamp);
        }
        placements.enqueue(set.entry());
    }

    /// The entries stand at their new paths in this folder, whatever the cluster made of it: if one is dead,
    /// what stands there is new; if the cluster wants it elsewhere, placing moves it. Recorded at once: what a
    /// kill left of it would be two entries at one place.
    private void moved(List<Change.Relocation> relocations) {
        List<Held> there = new ArrayList<>();
        List<EntryId> overwritten = new ArrayList<>();
        for (Change.Relocation relocation : relocations) {
            RelativePath path = relocation.to().path();
            Held held = index.held(relocation.entry());
            EntryId parent = adoption.heldDirectory(path.parent());
            boolean isAlive = catalog.read(view -> view.entry(relocation.entry())) != null;
            if (held == null || parent == null || !isAlive || isWithin(parent, relocation.entry())) {
                forget(relocation.entry());
            } else if (standsElsewhere(relocation.entry(), path)) {
                // It was placed anew meanwhile: what was moved is another file.
                placements.enqueue(relocation.entry());
            } else {
                // The rename changed the ctime; what else changed since, the scan finds, which sees the old stamp.
                there.add(held.at(parent, path.name()));
                Held before = index.child(parent, path.name());
                if (before != null
                        && relocations.stream().noneMatch(one -> one.entry().equals(before.id()))) {
                    overwritten.add(before.id());
                }
                placements.enqueue(relocation.entry());
            }
        }
        overwritten.forEach(id -> forgetBut(relocations, id));
        there.removeIf(held -> {
            // Its directory lay in what was forgotten.
            boolean isNowhere = !held.entry().parent().equals(EntryId.ROOT)
                    && index.path(held.entry().parent()) == null;
            if (isNowhere) {
                forget(held.id());
            }
            return isNowhere;
        });
        index.putAll(there);
        relocations.forEach(relocation -> changes.dirtySubtree(relocation.to().path()));
    }

    /// Whether the record of a directory lies below that of an entry, or is it.
    private boolean isWithin(EntryId directory, EntryId entry) {
        RelativePath outer = index.path(entry);
        RelativePath inner = index.path(directory);
        return outer != null && inner != null && inner.startsWith(outer);
    }

    private void forget(EntryId id) {
        forgetBut(List.of(), id);
    }

    /// With all below it, as far as that was not moved away.
    private void forgetBut(List<Change.Relocation> moved, EntryId id) {
        Set<EntryId> elsewhere = moved.stream().map(Change.Relocation::entry).collect(Collectors.toSet());
        for (EntryId each : index.subtree(id, elsewhere)) {
            index.remove(each);
            placements.enqueue(each);
        }
    }

    private void lookAgainIfChanged(RelativePath path, Stamp stamp) {
        Stamp now = statOrNull(path);
        if (now == null || !now.isUnchangedSince(stamp)) {
            changes.dirtyMeanwhile(path);
        }
    }

    private @Nullable Stamp statOrNull(RelativePath path) {
        try {
            return root.stat(path);
        } catch (IOException unreadable) {
            return null;
        }
    }
}
