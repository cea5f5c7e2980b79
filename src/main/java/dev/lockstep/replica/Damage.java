package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.RottenFiles;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a power loss left in the folder: files that are empty, cut short, partly zero or as they were before, names
/// that are missing or back. None of that is what anyone did. While the folder is compared for the first time
/// afterwards, each difference is judged: damage only corrects the folder index to what stands on disk now, so that
/// placing brings the committed state back; everything else is a local change as ever. Damaged bytes become history,
/// so that a wrong judgement loses nothing. Owned by the control loop.
///
/// Damage is a difference that the loss explains: in a record that was marked ([FolderIndex#beginMarks]) and a file
/// that has not changed since; or, as the newest records are lost too, in a file that is part of a revision committed
/// since the last sync point, or placed since its record.
final class Damage {
    private static final Logger log = LoggerFactory.getLogger(Damage.class);

    private final NodeId self;
    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;
    private final ContentService contents;
    private final InlineContents inline;
    private final Placements placements;
    private final RottenFiles rotten;
    private final Executor workers;
    private Set<EntryId> marked = Set.of();
    private @Nullable PowerLoss loss;
    private @Nullable UnrecordedRevisions unrecorded;
    private long repaired;
    /// Entries whose records were corrected, and that may not have been placed since.
    private final Deque<EntryId> toPlace = new ArrayDeque<>();
    /// Entries for which another directory was recorded, and the one before was looked at.
    private final Set<EntryId> lookedBehind = new HashSet<>();

    Damage(
            NodeId self,
            Catalog catalog,
            FolderIndex index,
            FolderRoot root,
            ContentService contents,
            InlineContents inline,
            Placements placements,
            RottenFiles rotten,
            Executor workers) {
        this.self = self;
        this.catalog = catalog;
        this.index = index;
        this.root = root;
        this.contents = contents;
        this.inline = inline;
        this.placements = placements;
        this.rotten = rotten;
        this.workers = workers;
    }

    void begin(PowerLoss theLoss) {
        loss = theLoss;
        marked = index.marked();
        unrecorded = new UnrecordedRevisions(catalog, index, root, theLoss, marked);
    }

    /// The folder was compared once: what differs from now on is what people and programs did.
    void end() {
        if (loss != null) {
            log.atInfo().addKeyValue("repaired", repaired).log("the folder was compared after a power loss");
        }
        loss = null;
        unrecorded = null;
        lookedBehind.clear();
        marked = Set.of();
    }

    /// An entry was found damaged at a path whose directory is not recorded yet: it stands nowhere else.
    void claim(EntryId id, RelativePath path) {
        UnrecordedRevisions known = unrecorded;
        if (known != null) {
            known.claim(id, path);
        }
    }

    /// Whether to look at the directory that was recorded as the entry before: once, as the two may take each other's
    /// place in turn.
    boolean isFirstLookBehind(EntryId id) {
        return isUnderWay() && lookedBehind.add(id);
    }

    boolean isUnderWay() {
        return loss != null;
    }

    // --- bytes that were taken back under an unchanged stamp ---

    /// A record as it should be.
    ///
    /// @param isDamaged whether the file's bytes are others; else it is not where it is recorded, and is read where
    ///     the scan finds it
    record Stale(Held held, boolean isDamaged) {}

    /// Reads the files of marked records whose stamps are as recorded: of what was overwritten in place the size and
    /// the times may have survived without the bytes.
    ///
    /// @return completes, on a worker, with the records that must be corrected
    CompletableFuture<List<Stale>> findStale() {
        Set<EntryId> toRead = marked;
        long syncedIndex = loss == null ? 0 : loss.syncedIndex();
        return CompletableFuture.supplyAsync(
                () -> {
                    new UnrecordedMoves(catalog, index, root).record(syncedIndex);
                    List<Stale> corrected = new ArrayList<>();
                    for (EntryId id : toRead) {
                        Held held = index.held(id);
                        RelativePath path = held == null ? null : index.path(id);
                        if (held == null || !(held.entry().content() instanceof Content.File file)) {
                            continue;
                        }
                        if (path == null) {
                            corrected.add(new Stale(held.withStamp(held.stamp().unlike()), false));
                        } else {
                            addIfStale(held, file, path, corrected);
                        }
                    }
                    return corrected;
                },
                workers);
    }

    private void addIfStale(Held held, Content.File file, RelativePath path, List<Stale> corrected) {
        try {
            Stamp now = root.stat(path);
            if (now == null) {
                corrected.add(new Stale(held.withStamp(held.stamp().unlike()), false));
            }
            if (now == null || now.kind() != Kind.FILE || !now.isUnchangedSince(held.stamp())) {
                return;
            }
            try (FileHandle open = root.openRead(path)) {
                Content.File actual = new Content.File(ContentStore.digestOf(open, now.sizeBytes()), now.sizeBytes());
                if (!actual.equals(file)) {
                    corrected.add(new Stale(new Held(withContent(held.entry(), actual), now), true));
                }
            }
        } catch (IOException unreadable) {
            // The scan comes to it and says what is wrong.
            log.atDebug()
                    .addKeyValue("path", path)
                    .addKeyValue("cause", unreadable.toString())
                    .log("not compared");
        }
    }

    void correct(List<Stale> stale) {
        for (Stale one : stale) {
            if (one.isDamaged()) {
                repairTorn(one.held());
            } else {
                index.put(one.held());
            }
        }
    }

    // --- differences that the scan finds ---

    /// Whether a file stands elsewhere than recorded because its renaming was taken back.
    boolean isUndoneMove(Held held, Stamp now) {
        return isExplained(held, now);
    }

    /// The file is recorded where it stands. Its bytes may be damaged, too: the stamp is one that no file has, so that
    /// they are compared.
    void undoMove(EntryId parent, RelativePath path, Held held) {
        repair(held.at(parent, path.name()).withStamp(held.stamp().unlike()));
    }

    /// Whether an entry is missing, or has another one in its place, because its name did not become durable.
    boolean isLost(Held held) {
        return isUnderWay() && (marked.contains(held.id()) || isBehind(held));
    }

    /// Forgets an entry and all below it, which placing then makes anew.
    void lost(Held held) {
        for (EntryId id : index.subtree(held.id(), Set.of())) {
            index.remove(id);
            placeAgain(id);
        }
    }

    private boolean isExplained(Held held, Stamp now) {
        PowerLoss since = loss;
        if (since == null) {
            return false;
        }
        boolean isAsRecorded = now.ctimeNanos() <= held.stamp().ctimeNanos();
        if (marked.contains(held.id()) && isAsRecorded) {
            return true;
        }
        return isBehind(held) && now.ctimeNanos() < since.beforeNanos();
    }

    /// Whether the cluster changed the entry since the last sync point and the record does not know of it.
    private boolean isBehind(Held held) {
        PowerLoss since = loss;
        Entry live = catalog.read(view -> view.entry(held.id()));
        long known = held.entry().changed().logIndex();
        return since != null && (live == null || live.changed().logIndex() > Math.max(since.syncedIndex(), known));
    }

    /// Whether a change that the scan found may be damage, so that it must be judged.
    boolean concerns(PendingChange change) {
        UnrecordedRevisions known = unrecorded;
        if (known == null || change.stamp().isEmpty()) {
            return false;
        }
        return switch (change.change()) {
            case Change.SetAttributes set -> {
                Held held = index.held(set.entry());
                yield held != null && isExplained(held, change.stamp().get());
            }
            case Change.Put put ->
                isMarked(put, change) || !known.of(change, put).isEmpty();
            case Change.Move _, Change.Delete _, Change.Release _ -> false;
        };
    }

    private boolean isMarked(Change.Put put, PendingChange change) {
        Held held = put.entry().map(index::held).orElse(null);
        return held != null
                && marked.contains(held.id())
                && change.stamp().orElseThrow().ctimeNanos() <= held.stamp().ctimeNanos();
    }

    /// Damage, and the record as it should be.
    ///
    /// @param isTorn whether the bytes are those of no revision that may stand there
    record Verdict(Held held, boolean isTorn) {}

    /// @return completes with null for a change that somebody made; exceptionally if that cannot be found out now
    CompletableFuture<@Nullable Verdict> judge(PendingChange change) {
        UnrecordedRevisions revisions = unrecorded;
        Stamp now = change.stamp().orElseThrow();
        if (revisions == null) {
            return CompletableFuture.completedFuture(null);
        }
        if (change.change() instanceof Change.SetAttributes set) {
            Held held = index.held(set.entry());
            Attributes actual = FolderScanner.attributesOf(now);
            return CompletableFuture.completedFuture(
                    held == null ? null : new Verdict(new Held(held.entry().withAttributes(actual), now), false));
        }
        Change.Put put = (Change.Put) change.change();
        Held held = put.entry().map(index::held).orElse(null);
        if (held != null && isMarked(put, change)) {
            boolean isTorn = !put.content().equals(held.entry().content());
            return CompletableFuture.completedFuture(new Verdict(new Held(asSeen(held.entry(), put), now), isTorn));
        }
        Map<UnrecordedRevisions.Candidate, @Nullable Bytes> known = new LinkedHashMap<>();
        revisions
                .of(change, put)
                .forEach(candidate ->
                        known.put(candidate, inline.get(candidate.content().digest())));
        return CompletableFuture.supplyAsync(() -> judge(change, put, known), workers);
    }

    private @Nullable Verdict judge(
            PendingChange change, Change.Put put, Map<UnrecordedRevisions.Candidate, @Nullable Bytes> known) {
        try {
            for (Map.Entry<UnrecordedRevisions.Candidate, @Nullable Bytes> one : known.entrySet()) {
                UnrecordedRevisions.Candidate candidate = one.getKey();
                boolean isSame = candidate.content().equals(put.content());
                if (isSame
                        || (!candidate.isDurable()
                                && contents.isTornCopy(change.path(), candidate.content(), one.getValue()))) {
                    Held held = index.held(candidate.entry());
                    Entry like = held == null ? candidate.like() : held.entry();
                    return new Verdict(
                            new Held(asSeen(like, put), change.stamp().orElseThrow()), !isSame);
                }
            }
            return null;
        } catch (IOException unknown) {
            throw new CompletionException(unknown);
        }
    }

    /// The base of an edit whose record is lost, too: what this node itself proposed last stood in its folder.
    ///
    /// @return the record as it was, with a stamp that no file has; null if nothing is known
    @Nullable
    Held lostBase(PendingChange change) {
        PowerLoss since = loss;
        if (since == null || !(change.change() instanceof Change.Put put)) {
            return null;
        }
        Held held = put.entry().map(index::held).orElse(null);
        long after = Math.max(
                since.syncedIndex(), held == null ? 0 : held.entry().revision().logIndex());
        Entry base = catalog.read(view -> {
            Entry live = held == null ? view.find(change.path()).orElse(null) : view.entry(held.id());
            if (live == null) {
                return null;
            }
            EntryId id = live.id();
            RelativePath path = view.path(id);
            return path == null
                    ? null
                    : view.history(path, UnrecordedRevisions.REVISIONS_MAX).stream()
                            .filter(line -> line.entry().equals(id) && isOwn(line, after))
                            .max(Comparator.comparing(HistoryRecord::revision))
                            .map(line ->
                                    UnrecordedRevisions.entry(line, line.state().orElseThrow(), path))
                            .orElse(null);
        });
        Stamp now = change.stamp().orElseThrow();
        return base == null
                ? null
                : new Held(base, new Stamp(now.kind(), now.device(), now.inode(), 0, 0, 0, 0, 0, 0, now.owner()));
    }

    private boolean isOwn(HistoryRecord line, long after) {
        return line.by().node().equals(self)
                && line.state()
                        .filter(state -> state.contentRevision().logIndex() > after)
                        .isPresent();
    }

    /// Whether a file is recorded at another path and stands there: what is here besides is a spare one.
    boolean standsElsewhere(Held damaged, RelativePath path) {
        Held held = damaged.entry().content().isDirectory() ? null : index.held(damaged.id());
        RelativePath at = held == null ? null : index.path(held.id());
        if (held == null || at == null || at.equals(path)) {
            return false;
        }
        try {
            Stamp there = root.stat(at);
            return there != null && there.isSameInode(held.stamp());
        } catch (IOException unreadable) {
            return false;
        }
    }

    private static Entry asSeen(Entry entry, Change.Put put) {
        return withContent(entry, put.content()).withAttributes(put.attributes());
    }

    private static Entry withContent(Entry entry, Content content) {
        return new Entry(
                entry.id(),
                entry.parent(),
                entry.name(),
                content,
                entry.attributes(),
                entry.revision(),
                entry.changed(),
                entry.isConflictCopy());
    }

    // --- repair ---

    /// The place is where the file was found.
    void repair(Verdict verdict, EntryId parent, Name name) {
        Held here = verdict.held().at(parent, name);
        if (verdict.isTorn()) {
            repairTorn(here);
        } else {
            repair(here);
        }
    }

    /// Of bytes that nobody wrote: they are left to nobody either, should the entry be released.
    private void repairTorn(Held here) {
        rotten.addDamaged(here);
        repair(here);
    }

    /// @param here what stands on disk, whatever the index said of that place before: placing brings what should
    private void repair(Held here) {
        Held before = index.child(here.entry().parent(), here.entry().name());
        if (before != null && !before.id().equals(here.id())) {
            lost(before);
        }
        log.atInfo()
                .addKeyValue("entry", here.id())
                .addKeyValue("name", here.entry().name())
                .log("damaged by a power loss: placed again");
        index.put(here);
        placeAgain(here.id());
    }

    private void placeAgain(EntryId id) {
        toPlace.addLast(id);
        placements.enqueue(id);
        repaired++;
    }

    /// Whether damage that was found still stands in the folder. A sync point would make it durable: after the next
    /// loss it could be back, with nothing to tell what it is.
    boolean isStanding() {
        while (!toPlace.isEmpty() && !placements.isWaiting(toPlace.getFirst())) {
            toPlace.removeFirst();
        }
        return !toPlace.isEmpty();
    }
}
