package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Files that were changed or renamed since the last sync point. A power loss may have taken a renaming back, of the
/// file or of a directory above it, and the record of it: then a file stands at another path than the catalog says,
/// and nothing here knows whose it is but its name. The same goes for files that were deleted since.
final class Strays {
    private static final int REVISIONS_MAX = 64;
    private static final int DELETIONS_MAX = 100_000;
    private static final String MARK = " (conflict ";
    private static final HistoryRecord.Signature NOBODY = new HistoryRecord.Signature(new NodeId("nobody"), 0);

    private final Map<Name, Set<EntryId>> byName = new HashMap<>();
    private final Map<Name, Set<EntryId>> deletedByName = new HashMap<>();
    private final Map<EntryId, List<HistoryRecord>> deletedLines = new HashMap<>();
    private final List<EntryId> copies = new ArrayList<>();

    private Strays() {}

    static Strays since(long syncedIndex, Catalog catalog) {
        Strays strays = new Strays();
        catalog.walk(view -> {
            view.forEachEntry(entry -> {
                if (!entry.content().isDirectory() && entry.changed().logIndex() > syncedIndex) {
                    strays.add(entry, syncedIndex, view);
                }
            });
            view.superseded(firstAfter(syncedIndex), DELETIONS_MAX).forEach(line -> strays.addIfDeleted(line, view));
            return true;
        });
        return strays;
    }

    /// A line before all that were superseded since.
    private static HistoryRecord firstAfter(long logIndex) {
        Revision by = new Revision(logIndex + 1, 0);
        return new HistoryRecord(
                EntryId.ROOT,
                Revision.NONE,
                HistoryRecord.What.DELETED,
                NOBODY,
                Optional.empty(),
                Optional.empty(),
                Optional.of(new HistoryRecord.Superseded(by, 0)));
    }

    private void addIfDeleted(HistoryRecord line, Catalog.View view) {
        if (view.entry(line.entry()) == null) {
            deletedLines.computeIfAbsent(line.entry(), _ -> new ArrayList<>()).add(line);
            line.path()
                    .ifPresent(path -> deletedByName
                            .computeIfAbsent(path.name(), _ -> new LinkedHashSet<>())
                            .add(line.entry()));
        }
    }

    private void add(Entry entry, long syncedIndex, Catalog.View view) {
        if (entry.isConflictCopy()) {
            copies.add(entry.id());
        }
        add(entry.name(), entry.id());
        RelativePath path = view.path(entry.id());
        for (HistoryRecord line : path == null ? List.<HistoryRecord>of() : view.history(path, REVISIONS_MAX)) {
            if (line.entry().equals(entry.id()) && line.revision().logIndex() > syncedIndex) {
                line.path().ifPresent(old -> add(old.name(), entry.id()));
            }
        }
    }

    private void add(Name name, EntryId id) {
        byName.computeIfAbsent(name, _ -> new LinkedHashSet<>()).add(id);
    }

    /// How deleted files of that name stood that may be back.
    List<HistoryRecord> deleted(Name name) {
        return deletedByName.getOrDefault(name, Set.of()).stream()
                .flatMap(id -> deletedLines.getOrDefault(id, List.of()).stream())
                .toList();
    }

    /// How a deleted file stood that may be back.
    List<HistoryRecord> deleted(EntryId id) {
        return deletedLines.getOrDefault(id, List.of());
    }

    /// Those that may stand at the path instead of where they should.
    List<Entry> of(RelativePath path, Catalog.View view) {
        Set<EntryId> ids = new LinkedHashSet<>(byName.getOrDefault(path.name(), Set.of()));
        for (EntryId copy : copies) {
            RelativePath there = view.path(copy);
            if (there != null && isCopyOf(there.name(), path.name())) {
                ids.add(copy);
            }
        }
        List<Entry> found = new ArrayList<>();
        for (EntryId id : ids) {
            Entry entry = view.entry(id);
            if (entry != null) {
                found.add(entry);
            }
        }
        return found;
    }

    /// Whether a conflict copy may have got its name because it could not have the other one.
    private static boolean isCopyOf(Name copy, Name wanted) {
        String text = latin(copy);
        int mark = text.lastIndexOf(MARK);
        return mark > 0 && latin(wanted).startsWith(text.substring(0, mark));
    }

    private static String latin(Name name) {
        return new String(name.bytes().unsafeArray(), StandardCharsets.ISO_8859_1);
    }
}
