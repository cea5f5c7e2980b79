package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Edits of this node that were committed and that a kill kept it from recording. Their bytes stood in this folder.
/// What is there now, if anything, was made of them, and would be a conflict with them on the recorded base.
final class UnrecordedEdits {
    private static final Logger log = LoggerFactory.getLogger(UnrecordedEdits.class);

    private final NodeId self;
    private final Catalog catalog;
    private final FolderIndex index;
    private final FolderRoot root;

    UnrecordedEdits(NodeId self, Catalog catalog, FolderIndex index, FolderRoot root) {
        this.self = self;
        this.catalog = catalog;
        this.index = index;
        this.root = root;
    }

    /// Records them, with stamps that no file has, so that the scan compares the bytes. Only where a file is not as
    /// recorded: what this node restored from the history is its own, too, but need not have been placed.
    void record() {
        List<Held> found = new ArrayList<>();
        catalog.walk(view -> {
            view.forEachEntry(entry -> {
                if (entry.content() instanceof Content.File) {
                    Held held = ofFile(view, entry);
                    if (held != null) {
                        found.add(held);
                    }
                }
            });
            return true;
        });
        if (!found.isEmpty()) {
            log.atInfo().addKeyValue("files", found.size()).log("edits of the last run that were not recorded");
            index.putAll(found);
        }
    }

    private @Nullable Held ofFile(Catalog.View view, Entry entry) {
        Held held = index.held(entry.id());
        long known = held == null
                ? index.newestLogIndexAtOpen()
                : held.entry().revision().logIndex();
        if (entry.revision().logIndex() <= known) {
            return null;
        }
        return held == null ? ofNewFile(view, entry, known) : ofEditedFile(view, held, known);
    }

    private @Nullable Held ofEditedFile(Catalog.View view, Held held, long known) {
        RelativePath here = index.path(held.id());
        RelativePath path = view.path(held.id());
        if (here == null || path == null || isAsRecorded(held, here)) {
            return null;
        }
        HistoryRecord edit = newestOwn(view, held.id(), path, known);
        return edit == null
                ? null
                : at(edit, path, held.entry().parent(), here, held.stamp().unlike());
    }

    private boolean isAsRecorded(Held held, RelativePath here) {
        Stamp now = stampOf(here);
        return now != null && now.isUnchangedSince(held.stamp());
    }

    private @Nullable Held ofNewFile(Catalog.View view, Entry entry, long known) {
        RelativePath path = view.path(entry.id());
        boolean isParentHeld = entry.parent().equals(EntryId.ROOT) || index.held(entry.parent()) != null;
        if (path == null || !isParentHeld || index.child(entry.parent(), entry.name()) != null) {
            return null;
        }
        Stamp now = stampOf(path);
        if (now == null || now.kind() != Kind.FILE) {
            return null;
        }
        HistoryRecord edit = newestOwn(view, entry.id(), path, known);
        return edit == null ? null : at(edit, path, entry.parent(), path, now.unlike());
    }

    private static Held at(HistoryRecord edit, RelativePath path, EntryId parent, RelativePath here, Stamp stamp) {
        Entry then = UnrecordedRevisions.entry(edit, edit.state().orElseThrow(), path);
        return new Held(then, stamp).at(parent, here.name());
    }

    private @Nullable HistoryRecord newestOwn(Catalog.View view, EntryId id, RelativePath path, long after) {
        return view.history(path, UnrecordedRevisions.REVISIONS_MAX).stream()
                .filter(line -> line.entry().equals(id)
                        && line.by().node().equals(self)
                        && line.state()
                                .filter(state -> state.contentRevision().logIndex() > after
                                        && state.contentRevision().equals(line.revision()))
                                .isPresent())
                .max(Comparator.comparing(HistoryRecord::revision))
                .orElse(null);
    }

    private @Nullable Stamp stampOf(RelativePath path) {
        try {
            return root.stat(path);
        } catch (IOException unreadable) {
            log.atDebug()
                    .addKeyValue("path", path)
                    .addKeyValue("cause", unreadable.toString())
                    .log("not compared");
            return null;
        }
    }
}
