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
import dev.lockstep.model.Revision;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
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
/// since the last sync point, or placed since its record.
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
    /// As the files of marked entries were recorded before any record was corrected.
    private final List<Held> recorded = new ArrayList<>();
    /// Where damaged files were found whose directories are not recorded yet.
    private final Map<EntryId, RelativePath> claims = new HashMap<>();

    /// A revision that may have been in the folder when the power went.
    ///
    /// @param isDurable whether all of its bytes must be there
    private record Candidate(EntryId entry, Entry like, Content.File content, boolean isDurable) {
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
        for (EntryId id : marked) {
            Held held = index.held(id);
            if (held != null && held.entry().content() instanceof Content.File) {
                recorded.add(held);
            }
        }
    }

    /// The folder was compared once: what differs from now on is what people and programs did.
    void end() {
        if (loss != null) {
            log.atInfo().addKeyValue("repaired", repaired).log("the folder was compared after a power loss");
        }
        loss = null;
        marked = Set.of();
        strays = null;
        claims.clear();
        recorded.clear();
    }

    /// An entry was found damaged at a path whose directory is not recorded yet: it stands nowhere else.
    void claim(EntryId id, RelativePath path) {
        claims.put(id, path);
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
        return CompletableFuture.supplyAsync(
                () -> {
                    List<Stale> corrected = new ArrayList<>();
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
                repair(one.held());
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
            case Change.Move _, Change.Delete _, Change.Release _ -> false;
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
                        || (!candidate.isDurable()
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

    /// A change that may be damage, and what is known of the place.
    ///
    /// @param held  the record of what stands there
    /// @param live  the entry as the catalog has it, which is the one of the record if there is one
    /// @param after the log index up to which revisions are known to be durable or recorded
    private record Suspect(
            PendingChange change,
            @Nullable Held held,
            @Nullable Entry live,
            long after) {
        Stamp stamp() {
            return change.stamp().orElseThrow();
        }

        /// Whether the folder may hold a revision that no record tells of.
        ///
        /// @param record of the entry
        boolean mayBeUnrecorded(Revision revision, Content.File content, @Nullable Held record) {
            return revision.logIndex() > after || isAhead(revision, content, record);
        }

        /// Also a revision that waited for its place at the last sync point, or was placed once more because a loss
        /// before had damaged what the record tells of.
        private static boolean isAhead(Revision revision, Content.File content, @Nullable Held record) {
            if (record == null) {
                return true;
            }
            int order = revision.compareTo(record.entry().revision());
            return order > 0 || (order == 0 && !content.equals(record.entry().content()));
        }
    }

    /// The revisions that may have stood at the path when the power went, though the records do not say so.
    private List<Candidate> candidates(PendingChange change, Change.Put put, PowerLoss since) {
        if (!(put.content() instanceof Content.File)
                || change.stamp().orElseThrow().ctimeNanos() >= since.beforeNanos()) {
            return List.of();
        }
        Held held = put.entry().map(index::held).orElse(null);
        long known = held == null ? 0 : held.entry().revision().logIndex();
        return catalog.read(view -> {
            Entry live = held == null ? view.find(change.path()).orElse(null) : view.entry(held.id());
            RelativePath path = live == null ? null : view.path(live.id());
            Suspect suspect = new Suspect(change, held, live, Math.max(since.syncedIndex(), known));
            List<Candidate> found = new ArrayList<>();
            addCurrent(suspect, found);
            for (HistoryRecord line : view.history(path == null ? change.path() : path, REVISIONS_MAX)) {
                addState(suspect, line, since, found);
            }
            if (held == null) {
                addFromElsewhere(suspect, view, since, found);
            } else {
                addOther(suspect, view, since, found);
            }
            return found;
        });
    }

    private void addCurrent(Suspect suspect, List<Candidate> found) {
        Held held = suspect.held();
        Entry live = suspect.live();
        // Placing may have renamed or touched the file since: then its ctime is newer than the record says.
        if (held != null
                && isUnwritten(held, live, suspect.stamp())
                && held.entry().content() instanceof Content.File file) {
            found.add(new Candidate(held.id(), held.entry(), file));
        }
        if (live != null
                && live.content() instanceof Content.File file
                && suspect.mayBeUnrecorded(live.revision(), file, index.held(live.id()))) {
            found.add(new Candidate(live.id(), live, file));
        }
    }

    /// What was placed where the record, which is older, tells of another entry.
    private void addOther(Suspect suspect, Catalog.View view, PowerLoss since, List<Candidate> found) {
        Entry other = view.find(suspect.change().path()).orElse(null);
        if (other == null || other.equals(suspect.live()) || !(other.content() instanceof Content.File file)) {
            return;
        }
        Held record = index.held(other.id());
        if (other.revision().logIndex() > since.syncedIndex() || Suspect.isAhead(other.revision(), file, record)) {
            found.add(new Candidate(other.id(), other, file));
        }
    }

    private void addState(Suspect suspect, HistoryRecord line, PowerLoss since, List<Candidate> found) {
        HistoryRecord.State state = line.state().orElse(null);
        if (state == null || !(state.content() instanceof Content.File file)) {
            return;
        }
        Held held = suspect.held();
        if (held != null && held.id().equals(line.entry())) {
            if (suspect.mayBeUnrecorded(state.contentRevision(), file, held)) {
                found.add(new Candidate(held.id(), held.entry(), file));
            } else if (isUnwritten(held, suspect.live(), suspect.stamp())) {
                found.add(new Candidate(held.id(), held.entry(), file, isDurable(state, since)));
            }
            return;
        }
        Entry then = entry(line, state, suspect.change().path());
        if (state.contentRevision().logIndex() > suspect.after()) {
            found.add(new Candidate(line.entry(), then, file));
        } else if (held == null && isReplacedSince(line, since)) {
            found.add(new Candidate(line.entry(), then, file, isDurable(state, since)));
        }
    }

    private void addFromElsewhere(Suspect suspect, Catalog.View view, PowerLoss since, List<Candidate> found) {
        for (Held other : onInode(suspect.stamp())) {
            if (isUnwritten(other, view.entry(other.id()), suspect.stamp())
                    && other.entry().content() instanceof Content.File file) {
                found.add(new Candidate(other.id(), other.entry(), file));
            }
            RelativePath place = view.path(other.id());
            if (marked.contains(other.id()) && place != null) {
                addOldStates(other.entry(), view.history(place, REVISIONS_MAX), since, found);
            }
        }
        RelativePath path = suspect.change().path();
        for (Entry stray : strays(since).of(path, view)) {
            RelativePath wanted = view.path(stray.id());
            boolean isElsewhere = !path.equals(claims.getOrDefault(stray.id(), path));
            if (wanted == null || isElsewhere || isThere(stray, wanted)) {
                continue;
            }
            if (stray.content() instanceof Content.File file) {
                found.add(new Candidate(stray.id(), stray, file));
            }
            addOldStates(stray, view.history(wanted, REVISIONS_MAX), since, found);
        }
        for (HistoryRecord line : strays(since).deleted(path.name())) {
            HistoryRecord.State state = line.state().orElse(null);
            // Nothing but its time tells it from a file that a program has just made.
            if (state != null
                    && state.content() instanceof Content.File file
                    && state.attributes().mtimeNanos() == suspect.stamp().mtimeNanos()) {
                found.add(new Candidate(line.entry(), entry(line, state, path), file, isDurable(state, since)));
            }
        }
    }

    /// The entries that are recorded on an inode, or were before the record was corrected.
    private Set<Held> onInode(Stamp stamp) {
        Set<Held> found = new LinkedHashSet<>(index.onInode(stamp));
        recorded.stream().filter(held -> held.stamp().isSameInode(stamp)).forEach(found::add);
        return found;
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

    private static void addOldStates(Entry entry, List<HistoryRecord> lines, PowerLoss since, List<Candidate> found) {
        for (HistoryRecord line : lines) {
            if (isReplacedSince(line, since)
                    && line.entry().equals(entry.id())
                    && line.state().isPresent()
                    && line.state().get().content() instanceof Content.File file) {
                found.add(new Candidate(
                        entry.id(), entry, file, isDurable(line.state().get(), since)));
            }
        }
    }

    /// Whether the bytes of a revision were durable before the power went, so that they are whole if they are there.
    private static boolean isDurable(HistoryRecord.State state, PowerLoss since) {
        return state.contentRevision().logIndex() <= since.syncedIndex();
    }

    /// Whether a revision was replaced or deleted since the last sync point, so that it may be back.
    private static boolean isReplacedSince(HistoryRecord line, PowerLoss since) {
        return line.superseded()
                .filter(next -> next.by().logIndex() > since.syncedIndex())
                .isPresent();
    }

    /// Whether nobody has written since the record: a program that does sets the mtime, too.
    ///
    /// @param live the entry now, whose mtime placing may have set since
    private boolean isUnwritten(Held held, @Nullable Entry live, Stamp now) {
        boolean isTouchedByCluster = live != null
                && live.changed().compareTo(held.entry().changed()) > 0
                && live.attributes().mtimeNanos() == now.mtimeNanos();
        return marked.contains(held.id())
                && (isTouchedByCluster || now.mtimeNanos() == held.stamp().mtimeNanos());
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
    private boolean isThere(Entry stray, RelativePath wanted) {
        Held held = index.held(stray.id());
        RelativePath recorded = held == null ? null : index.path(stray.id());
        try {
            Stamp there = root.stat(wanted);
            if (there != null && looksLike(there, stray.content())) {
                return true;
            }
            Stamp stamp = recorded == null ? null : root.stat(recorded);
            return held != null && stamp != null && stamp.isSameInode(held.stamp());
        } catch (IOException unreadable) {
            return false;
        }
    }

    private static boolean looksLike(Stamp there, Content content) {
        return content instanceof Content.File file
                ? there.kind() == Kind.FILE && there.sizeBytes() == file.sizeBytes()
                : there.kind() == FolderScanner.kindOf(content);
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
