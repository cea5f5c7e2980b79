package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the folder may have held when the power went though no record tells of it: a loss takes the newest records
/// back,
/// too. Knows the revisions that a file found at a path may be what is left of. Owned by the control loop.
final class UnrecordedRevisions {
    static final int REVISIONS_MAX = 64;

    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;
    private final PowerLoss since;
    private final Set<EntryId> marked;
    /// As the files of marked entries were recorded before any record was corrected.
    private final List<Held> recorded = new ArrayList<>();
    /// Where damaged files were found whose directories are not recorded yet.
    private final Map<EntryId, RelativePath> claims = new HashMap<>();
    private @Nullable Strays strays;

    /// @param marked entries with records written since the last sync point
    UnrecordedRevisions(Catalog catalog, FolderIndex index, FolderRoot root, PowerLoss since, Set<EntryId> marked) {
        this.catalog = catalog;
        this.index = index;
        this.root = root;
        this.since = since;
        this.marked = marked;
        for (EntryId id : marked) {
            Held held = index.held(id);
            if (held != null && held.entry().content() instanceof Content.File) {
                recorded.add(held);
            }
        }
    }

    /// An entry was found damaged at a path whose directory is not recorded yet: it stands nowhere else.
    void claim(EntryId id, RelativePath path) {
        claims.put(id, path);
    }

    /// A revision that may have been in the folder when the power went.
    ///
    /// @param isDurable whether all of its bytes must be there
    record Candidate(EntryId entry, Entry like, Content.File content, boolean isDurable) {
        Candidate(EntryId entry, Entry like, Content.File content) {
            this(entry, like, content, false);
        }
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
    List<Candidate> of(PendingChange change, Change.Put put) {
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
                addState(suspect, line, found);
            }
            if (held != null && live == null) {
                strays().deleted(held.id()).forEach(line -> addState(suspect, line, found));
            }
            if (held == null) {
                addFromElsewhere(suspect, view, found);
            } else {
                addStray(suspect, view, put.content(), found);
                addOther(suspect, view, found);
                addExchanged(suspect, held.id(), put.content(), found);
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
    private void addOther(Suspect suspect, Catalog.View view, List<Candidate> found) {
        Entry other = view.find(suspect.change().path()).orElse(null);
        if (other == null || other.equals(suspect.live()) || !(other.content() instanceof Content.File file)) {
            return;
        }
        Held record = index.held(other.id());
        if (other.revision().logIndex() > since.syncedIndex() || Suspect.isAhead(other.revision(), file, record)) {
            found.add(new Candidate(other.id(), other, file));
        }
    }

    /// What stood elsewhere until a program exchanged the two. Whole, it is what the program did.
    private void addExchanged(Suspect suspect, EntryId heldId, Content actual, List<Candidate> found) {
        for (Held other : onInode(suspect.stamp())) {
            if (!other.id().equals(heldId)
                    && isUnwritten(other, catalog.read(view -> view.entry(other.id())), suspect.stamp())
                    && other.entry().content() instanceof Content.File file
                    && !file.equals(actual)) {
                found.add(new Candidate(other.id(), other.entry(), file));
            }
        }
    }

    /// What was placed there and stands elsewhere now, torn, where the record, which is older, tells of another file.
    /// Nothing but its time tells it from what a program has put there.
    private void addStray(Suspect suspect, Catalog.View view, Content actual, List<Candidate> found) {
        for (Entry stray : strays().of(suspect.change().path(), view)) {
            boolean isSameTime =
                    stray.attributes().mtimeNanos() == suspect.stamp().mtimeNanos();
            if (isSameTime && stray.content() instanceof Content.File file && !file.equals(actual)) {
                found.add(new Candidate(stray.id(), stray, file));
            }
        }
    }

    private void addState(Suspect suspect, HistoryRecord line, List<Candidate> found) {
        HistoryRecord.State state = line.state().orElse(null);
        if (state == null || !(state.content() instanceof Content.File file)) {
            return;
        }
        Held held = suspect.held();
        if (held != null && held.id().equals(line.entry())) {
            if (suspect.mayBeUnrecorded(state.contentRevision(), file, held)) {
                found.add(new Candidate(held.id(), held.entry(), file));
            } else if (isUnwritten(held, suspect.live(), suspect.stamp()) || isBack(held, state, suspect.stamp())) {
                found.add(new Candidate(held.id(), held.entry(), file, isDurable(state)));
            }
            return;
        }
        Entry then = entry(line, state, suspect.change().path());
        if (state.contentRevision().logIndex() > suspect.after()) {
            found.add(new Candidate(line.entry(), then, file));
        } else if (held == null && isReplacedSince(line)) {
            found.add(new Candidate(line.entry(), then, file, isDurable(state)));
        }
    }

    private void addFromElsewhere(Suspect suspect, Catalog.View view, List<Candidate> found) {
        for (Held other : onInode(suspect.stamp())) {
            boolean isOwn = isUnwritten(other, view.entry(other.id()), suspect.stamp())
                    || isBeforeRecord(other, suspect.stamp());
            if (isOwn && other.entry().content() instanceof Content.File file) {
                found.add(new Candidate(other.id(), other.entry(), file));
            }
            RelativePath place = view.path(other.id());
            if (marked.contains(other.id()) && place != null) {
                addOldStates(other.entry(), view.history(place, REVISIONS_MAX), found);
            }
        }
        RelativePath path = suspect.change().path();
        for (Entry stray : strays().of(path, view)) {
            RelativePath wanted = view.path(stray.id());
            boolean isElsewhere = !path.equals(claims.getOrDefault(stray.id(), path));
            if (wanted == null || isElsewhere) {
                continue;
            }
            // One that stands in its place, too, is told from a new file by its time alone.
            boolean isSpare = isThere(stray, wanted);
            if (isSpare && stray.attributes().mtimeNanos() != suspect.stamp().mtimeNanos()) {
                continue;
            }
            if (stray.content() instanceof Content.File file) {
                found.add(new Candidate(stray.id(), stray, file));
            }
            if (isSpare) {
                continue;
            }
            addOldStates(stray, view.history(wanted, REVISIONS_MAX), found);
        }
        for (HistoryRecord line : strays().deleted(path.name())) {
            HistoryRecord.State state = line.state().orElse(null);
            // Nothing but its time tells it from a file that a program has just made.
            if (state != null
                    && state.content() instanceof Content.File file
                    && state.attributes().mtimeNanos() == suspect.stamp().mtimeNanos()) {
                found.add(new Candidate(line.entry(), entry(line, state, path), file, isDurable(state)));
            }
        }
    }

    /// The entries that are recorded on an inode, or were before the record was corrected.
    private Set<Held> onInode(Stamp stamp) {
        Set<Held> found = new LinkedHashSet<>(index.onInode(stamp));
        recorded.stream().filter(held -> held.stamp().isSameInode(stamp)).forEach(found::add);
        return found;
    }

    private void addOldStates(Entry entry, List<HistoryRecord> lines, List<Candidate> found) {
        for (HistoryRecord line : lines) {
            if (isReplacedSince(line)
                    && line.entry().equals(entry.id())
                    && line.state().isPresent()
                    && line.state().get().content() instanceof Content.File file) {
                found.add(new Candidate(
                        entry.id(), entry, file, isDurable(line.state().get())));
            }
        }
    }

    /// Whether the bytes of a revision were durable before the power went, so that they are whole if they are there.
    private boolean isDurable(HistoryRecord.State state) {
        return state.contentRevision().logIndex() <= since.syncedIndex();
    }

    /// Whether a revision was replaced or deleted since the last sync point, so that it may be back.
    private boolean isReplacedSince(HistoryRecord line) {
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

    /// Whether the file that is recorded is as it was before, by its time: what a program writes gets another one. So
    /// it is when a loss has taken back the repair of what a loss before had taken back.
    private boolean isBack(Held held, HistoryRecord.State state, Stamp now) {
        return marked.contains(held.id())
                && held.stamp().isSameInode(now)
                && state.attributes().mtimeNanos() == now.mtimeNanos();
    }

    /// Whether nothing has touched the inode since the record, and a loss may have taken it back further.
    private boolean isBeforeRecord(Held held, Stamp now) {
        return marked.contains(held.id()) && now.ctimeNanos() <= held.stamp().ctimeNanos();
    }

    private Strays strays() {
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

    /// An entry as it stood then, at a path.
    static Entry entry(HistoryRecord line, HistoryRecord.State state, RelativePath path) {
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
}
