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
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
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
/// that
/// are missing or back. None of that is what anyone did. While the folder is compared for the first time afterwards,
/// each difference is judged: damage only corrects the folder index to what stands on disk now, so that placing brings
/// the committed state back; everything else is a local change as ever. Damaged bytes become history, so that a wrong
/// judgement loses nothing. Owned by the control loop.
///
/// Damage is a difference that the loss explains: in a record that was marked ([FolderIndex#beginMarks]) and a file
/// that has not changed since; or, as the newest records are lost too, in a file that is part of a revision committed
/// since the last sync point.
final class Damage {
    private static final int REVISIONS_MAX = 64;
    private static final Logger log = LoggerFactory.getLogger(Damage.class);

    private final NodeId self;
    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;
    private final ContentService contents;
    private final InlineContents inline;
    private final Placements placements;
    private final Executor workers;
    private Set<EntryId> marked = Set.of();
    private @Nullable Strays strays;
    private @Nullable PowerLoss loss;
    private long repaired;

    /// A revision that may have been in the folder when the power went.
    ///
    /// @param isOld whether the record knows a later one: then all of its bytes must be there
    private record Candidate(EntryId entry, Entry like, Content.File content, boolean isOld) {
        Candidate(EntryId entry, Entry like, Content.File content) {
            this(entry, like, content, false);
        }
    }

    Damage(
            NodeId self,
            Catalog catalog,
            FolderIndex index,
            FolderRoot root,
            ContentService contents,
            InlineContents inline,
            Placements placements,
            Executor workers) {
        this.self = self;
        this.catalog = catalog;
        this.index = index;
        this.root = root;
        this.contents = contents;
        this.inline = inline;
        this.placements = placements;
        this.workers = workers;
    }

    void begin(PowerLoss theLoss) {
        loss = theLoss;
        marked = index.marked();
    }

    /// The folder was compared once: what differs from now on is what people and programs did.
    void end() {
        if (loss != null) {
            log.atInfo().addKeyValue("repaired", repaired).log("the folder was compared after a power loss");
        }
        loss = null;
        marked = Set.of();
        strays = null;
    }

    boolean isUnderWay() {
        return loss != null;
    }

    // --- bytes that were taken back under an unchanged stamp ---

    /// Reads the files of marked records whose stamps are as recorded: of what was overwritten in place the size and
    /// the times may have survived without the bytes.
    ///
    /// @return completes, on a worker, with the records as they should be
    CompletableFuture<List<Held>> findStale() {
        Set<EntryId> toRead = marked;
        return CompletableFuture.supplyAsync(
                () -> {
                    List<Held> corrected = new ArrayList<>();
                    for (EntryId id : toRead) {
                        Held held = index.held(id);
                        RelativePath path = held == null ? null : index.path(id);
                        if (held != null && path != null && held.entry().content() instanceof Content.File file) {
                            addIfStale(held, file, path, corrected);
                        }
                    }
                    return corrected;
                },
                workers);
    }

    private void addIfStale(Held held, Content.File file, RelativePath path, List<Held> corrected) {
        try {
            Stamp now = root.stat(path);
            if (now == null || now.kind() != Kind.FILE || !now.isUnchangedSince(held.stamp())) {
                return;
            }
            try (FileHandle open = root.openRead(path)) {
                Content.File actual = new Content.File(ContentStore.digestOf(open, now.sizeBytes()), now.sizeBytes());
                if (!actual.equals(file)) {
                    corrected.add(new Held(withContent(held.entry(), actual), now));
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

    void correct(List<Held> stale) {
        stale.forEach(this::repair);
    }

    // --- differences that the scan finds ---

    /// Whether a file stands elsewhere than recorded because its renaming was taken back.
    boolean isUndoneMove(Held held, Stamp now) {
        return isExplained(held, now);
    }

    /// The file is recorded where it stands. Its bytes may be damaged, too: the stamp is one that no file has, so that
    /// they are compared.
    void undoMove(EntryId parent, RelativePath path, Held held) {
        Stamp old = held.stamp();
        Stamp unlike = new Stamp(
                old.kind(),
                old.device(),
                old.inode(),
                old.birthNanos(),
                old.sizeBytes() + 1,
                old.mtimeNanos(),
                old.ctimeNanos(),
                old.mode(),
                old.links(),
                old.owner());
        repair(held.at(parent, path.name()).withStamp(unlike));
    }

    /// Whether an entry is missing, or has another one in its place, because its name did not become durable.
    boolean isLost(Held held) {
        return isUnderWay() && (marked.contains(held.id()) || isBehind(held));
    }

    /// Forgets an entry and all below it, which placing then makes anew.
    void lost(Held held) {
        index.children(held.id()).forEach(this::lost);
        index.remove(held.id());
        placements.enqueue(held.id());
        repaired++;
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
        PowerLoss since = loss;
        if (since == null || change.stamp().isEmpty()) {
            return false;
        }
        return switch (change.change()) {
            case Change.SetAttributes set -> {
                Held held = index.held(set.entry());
                yield held != null && isExplained(held, change.stamp().get());
            }
            case Change.Put put ->
                isMarked(put, change) || !candidates(change, put, since).isEmpty();
            case Change.Move _, Change.Delete _ -> false;
        };
    }

    private boolean isMarked(Change.Put put, PendingChange change) {
        Held held = put.entry().map(index::held).orElse(null);
        return held != null
                && marked.contains(held.id())
                && change.stamp().orElseThrow().ctimeNanos() <= held.stamp().ctimeNanos();
    }

    /// @return completes with the record as it should be; with null for a change that somebody made; exceptionally if
    ///     that cannot be found out now
    CompletableFuture<@Nullable Held> judge(PendingChange change) {
        PowerLoss since = loss;
        Stamp now = change.stamp().orElseThrow();
        if (since == null) {
            return CompletableFuture.completedFuture(null);
        }
        if (change.change() instanceof Change.SetAttributes set) {
            Held held = index.held(set.entry());
            Attributes actual = FolderScanner.attributesOf(now);
            return CompletableFuture.completedFuture(
                    held == null ? null : new Held(held.entry().withAttributes(actual), now));
        }
        Change.Put put = (Change.Put) change.change();
        Held held = put.entry().map(index::held).orElse(null);
        if (held != null && isMarked(put, change)) {
            return CompletableFuture.completedFuture(new Held(asSeen(held.entry(), put), now));
        }
        Map<Candidate, @Nullable Bytes> known = new LinkedHashMap<>();
        candidates(change, put, since)
                .forEach(candidate ->
                        known.put(candidate, inline.get(candidate.content().digest())));
        return CompletableFuture.supplyAsync(() -> judge(change, put, known), workers);
    }

    private @Nullable Held judge(PendingChange change, Change.Put put, Map<Candidate, @Nullable Bytes> known) {
        try {
            for (Map.Entry<Candidate, @Nullable Bytes> one : known.entrySet()) {
                Candidate candidate = one.getKey();
                boolean isSame = candidate.content().equals(put.content());
                if (isSame
                        || (!candidate.isOld()
                                && contents.isTornCopy(change.path(), candidate.content(), one.getValue()))) {
                    Held held = index.held(candidate.entry());
                    Entry like = held == null ? candidate.like() : held.entry();
                    return new Held(asSeen(like, put), change.stamp().orElseThrow());
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
                    : view.history(path, REVISIONS_MAX).stream()
                            .filter(line -> line.entry().equals(id) && isOwn(line, after))
                            .max(Comparator.comparing(HistoryRecord::revision))
                            .map(line -> entry(line, line.state().orElseThrow(), path))
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

    /// The revisions since the last sync point that may have stood at the path.
    private List<Candidate> candidates(PendingChange change, Change.Put put, PowerLoss since) {
        if (!(put.content() instanceof Content.File)
                || change.stamp().orElseThrow().ctimeNanos() >= since.beforeNanos()) {
            return List.of();
        }
        Held held = put.entry().map(index::held).orElse(null);
        long known = held == null ? 0 : held.entry().revision().logIndex();
        long after = Math.max(since.syncedIndex(), known);
        return catalog.read(view -> {
            Entry live = held == null ? view.find(change.path()).orElse(null) : view.entry(held.id());
            RelativePath path = live == null ? null : view.path(live.id());
            List<Candidate> found = new ArrayList<>();
            // Placing may have renamed the file since: then its ctime is newer than the record says.
            if (held != null && isOnlyRenamed(held, change) && held.entry().content() instanceof Content.File file) {
                found.add(new Candidate(held.id(), held.entry(), file));
            }
            if (live != null
                    && live.content() instanceof Content.File file
                    && live.revision().logIndex() > after) {
                found.add(new Candidate(live.id(), live, file));
            }
            for (HistoryRecord line : view.history(path == null ? change.path() : path, REVISIONS_MAX)) {
                HistoryRecord.State state = line.state().orElse(null);
                if (state != null
                        && state.content() instanceof Content.File file
                        && state.contentRevision().logIndex() > after) {
                    found.add(new Candidate(line.entry(), entry(line, state, change.path()), file));
                } else if (state != null
                        && state.content() instanceof Content.File file
                        && isOldState(line, held, change, since)) {
                    Entry like = held == null ? entry(line, state, change.path()) : held.entry();
                    found.add(new Candidate(line.entry(), like, file, true));
                }
            }
            if (held == null) {
                for (Held other : index.onInode(change.stamp().orElseThrow())) {
                    if (isOnlyRenamed(other, change) && other.entry().content() instanceof Content.File file) {
                        found.add(new Candidate(other.id(), other.entry(), file));
                    }
                }
                for (Entry stray : strays(since).of(change.path(), view)) {
                    RelativePath wanted = view.path(stray.id());
                    if (wanted != null
                            && !wanted.startsWith(change.path())
                            && stray.content() instanceof Content.File file
                            && !isThere(stray, wanted, file.sizeBytes())) {
                        found.add(new Candidate(stray.id(), stray, file));
                        addOldStates(stray, view.history(wanted, REVISIONS_MAX), since, found);
                    }
                }
            }
            return found;
        });
    }

    private static void addOldStates(Entry stray, List<HistoryRecord> lines, PowerLoss since, List<Candidate> found) {
        for (HistoryRecord line : lines) {
            boolean isReplaced = line.superseded()
                    .filter(next -> next.by().logIndex() > since.syncedIndex())
                    .isPresent();
            if (isReplaced
                    && line.entry().equals(stray.id())
                    && line.state().isPresent()
                    && line.state().get().content() instanceof Content.File file) {
                found.add(new Candidate(stray.id(), stray, file, true));
            }
        }
    }

    /// A program that writes sets the mtime, too.
    private boolean isOnlyRenamed(Held held, PendingChange change) {
        return marked.contains(held.id())
                && change.stamp().orElseThrow().mtimeNanos() == held.stamp().mtimeNanos();
    }

    /// Whether what a revision replaced or deleted may be back.
    private boolean isOldState(HistoryRecord line, @Nullable Held held, PendingChange change, PowerLoss since) {
        return held != null
                ? isOnlyRenamed(held, change) && held.id().equals(line.entry())
                : line.superseded()
                        .filter(next -> next.by().logIndex() > since.syncedIndex())
                        .isPresent();
    }

    private Strays strays(PowerLoss since) {
        Strays known = strays;
        if (known == null) {
            known = Strays.since(since.syncedIndex(), catalog);
            strays = known;
        }
        return known;
    }

    /// Whether the file stands where it is recorded or should be: then it stands nowhere else.
    private boolean isThere(Entry stray, RelativePath wanted, long sizeBytes) {
        Held held = index.held(stray.id());
        RelativePath recorded = held == null ? null : index.path(stray.id());
        try {
            Stamp there = root.stat(wanted);
            if (there != null && there.kind() == Kind.FILE && there.sizeBytes() == sizeBytes) {
                return true;
            }
            Stamp stamp = recorded == null ? null : root.stat(recorded);
            return held != null && stamp != null && stamp.isSameInode(held.stamp());
        } catch (IOException unreadable) {
            return false;
        }
    }

    private static Entry entry(HistoryRecord line, HistoryRecord.State state, RelativePath path) {
        return new Entry(
                line.entry(),
                EntryId.ROOT,
                path.name(),
                state.content(),
                state.attributes(),
                state.contentRevision(),
                state.contentRevision(),
                false);
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

    /// @param here what stands on disk, whatever the index said of that place before: placing brings what should
    void repair(Held here) {
        Held before = index.child(here.entry().parent(), here.entry().name());
        if (before != null && !before.id().equals(here.id())) {
            lost(before);
        }
        log.atInfo()
                .addKeyValue("entry", here.id())
                .addKeyValue("name", here.entry().name())
                .log("damaged by a power loss: placed again");
        index.put(here);
        placements.enqueue(here.id());
        repaired++;
    }
}
