package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.transfer.ContentSearch;
import dev.lockstep.transfer.Holders;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/// The folder as the catalog remembers it: what stands at a path, what stood there, and the bytes of both. Any
/// thread; may block.
public final class FolderHistory {
    /// Most lines told of one path.
    public static final int LINES_MAX = 1_000;
    /// Most entries told of one directory.
    public static final int ENTRIES_MAX = 10_000;

    private final Catalog catalog;
    private final ReadPoint readPoint;
    private final ContentSearch search;

    FolderHistory(Catalog catalog, ReadPoint readPoint, ContentSearch search) {
        this.catalog = catalog;
        this.readPoint = readPoint;
        this.search = search;
    }

    // --- log ---

    /// What happened at a path, newest first.
    ///
    /// @param isLocal as this node knows, without asking the others how far the log is
    /// @param limit   up to [#LINES_MAX]
    public Looked<PathHistory> log(RelativePath path, boolean isLocal, int limit)
            throws IOException, InterruptedException {
        OptionalLong index = readPoint.index(isLocal);
        if (index.isEmpty()) {
            return new Looked.NoQuorum<>();
        }
        record Read(long index, List<HistoryRecord> lines, Optional<Entry> live) {}
        Read read = catalog.read(view -> new Read(view.appliedIndex(), view.history(path, limit), view.find(path)));
        if (read.lines().isEmpty()) {
            return missing(path, read.live());
        }
        Holders holders = search.holders(digests(read.lines()));
        String current = read.live()
                .filter(entry -> !entry.content().isDirectory())
                .map(entry -> entry.revision().toString())
                .orElse(null);
        return new Looked.Found<>(
                read.index(),
                new PathHistory(
                        path.toString(),
                        read.index(),
                        current,
                        read.lines().stream().map(line -> line(line, holders)).toList(),
                        names(holders.unreached())));
    }

    private static <T> Looked<T> missing(RelativePath path, Optional<Entry> live) {
        boolean isDirectory = path.isRoot()
                || live.filter(entry -> entry.content().isDirectory()).isPresent();
        return isDirectory
                ? new Looked.Unfit<>("a directory has no revisions of its own: " + (path.isRoot() ? "/" : path))
                : new Looked.Missing<>("nothing is known of " + path);
    }

    private static List<Digest> digests(List<HistoryRecord> lines) {
        List<Digest> digests = new ArrayList<>();
        for (HistoryRecord line : lines) {
            if (line.state().isPresent() && line.state().get().content() instanceof Content.File file) {
                digests.add(file.digest());
            }
        }
        return digests;
    }

    private static PathHistory.Line line(HistoryRecord line, Holders holders) {
        Content content = line.state().map(HistoryRecord.State::content).orElse(null);
        Attributes attributes =
                line.state().map(HistoryRecord.State::attributes).orElse(null);
        Digest digest = content instanceof Content.File file ? file.digest() : null;
        boolean isMove = !line.what().isEnd();
        return new PathHistory.Line(
                line.revision().toString(),
                what(line.what()),
                line.by().node().value(),
                time(line.by().clockMillis()),
                content == null ? null : type(content),
                content == null ? 0 : sizeBytes(content),
                digest == null ? null : digest.toString(),
                content instanceof Content.Symlink(Bytes target) ? dev.lockstep.model.Escaped.of(target) : null,
                attributes == null ? null : mode(attributes),
                attributes == null ? null : modified(attributes),
                line.path().filter(path -> isMove).map(RelativePath::toString).orElse(null),
                line.isCurrent(),
                digest == null ? List.of() : names(holders.of(digest)),
                digest != null && holders.isGone(digest));
    }

    private static String what(HistoryRecord.What what) {
        return what.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static @Nullable String time(long clockMillis) {
        return clockMillis == 0 ? null : Instant.ofEpochMilli(clockMillis).toString();
    }

    static String type(Content content) {
        return switch (content) {
            case Content.File _ -> "file";
            case Content.Directory() -> "directory";
            case Content.Symlink _ -> "symlink";
        };
    }

    private static long sizeBytes(Content content) {
        return switch (content) {
            case Content.File file -> file.sizeBytes();
            case Content.Directory() -> 0;
            case Content.Symlink link -> link.target().size();
        };
    }

    private static String mode(Attributes attributes) {
        return String.format(Locale.ROOT, "%04o", attributes.mode());
    }

    private static String modified(Attributes attributes) {
        return Instant.ofEpochSecond(0, attributes.mtimeNanos()).toString();
    }

    private static List<String> names(SortedSet<NodeId> nodes) {
        return nodes.stream().map(NodeId::value).toList();
    }

    // --- bytes ---

    /// Opens a revision, wherever its bytes are kept.
    ///
    /// @param revision empty for the current one
    public Looked<OpenRevision> open(RelativePath path, Optional<Revision> revision, boolean isLocal)
            throws IOException, InterruptedException {
        OptionalLong index = readPoint.index(isLocal);
        if (index.isEmpty()) {
            return new Looked.NoQuorum<>();
        }
        record Read(long index, Optional<HistoryRecord.State> state, Optional<Entry> live) {}
        Read read = catalog.read(view -> new Read(view.appliedIndex(), state(view, path, revision), view.find(path)));
        if (read.state().isEmpty()) {
            return revision.isEmpty()
                    ? missing(path, read.live())
                    : new Looked.Missing<>("no revision " + revision.get() + " of " + path + " is known");
        }
        HistoryRecord.State state = read.state().get();
        return switch (state.content()) {
            case Content.File file -> opened(path, state, file, read.index());
            case Content.Symlink(Bytes target) ->
                new Looked.Found<>(read.index(), OpenRevision.symlink(state.contentRevision(), target));
            case Content.Directory() -> missing(path, read.live());
        };
    }

    private static Optional<HistoryRecord.State> state(
            Catalog.View view, RelativePath path, Optional<Revision> revision) {
        Optional<Entry> live = view.find(path).filter(entry -> !entry.content().isDirectory());
        if (live.isPresent() && revision.map(live.get().revision()::equals).orElse(true)) {
            Entry entry = live.get();
            return Optional.of(new HistoryRecord.State(entry.content(), entry.attributes(), entry.revision()));
        }
        return revision.flatMap(asked -> view.history(path, asked)).flatMap(HistoryRecord::state);
    }

    private Looked<OpenRevision> opened(RelativePath path, HistoryRecord.State state, Content.File file, long index)
            throws IOException {
        return switch (search.open(file)) {
            case ContentSearch.Found.Open(var content) ->
                new Looked.Found<>(index, OpenRevision.file(state.contentRevision(), content));
            case ContentSearch.Found.Nowhere(Holders holders) ->
                new Looked.Gone<>(unavailable(path, state.contentRevision(), file, holders));
        };
    }

    static String unavailable(RelativePath path, Revision revision, Content.File file, Holders holders) {
        String what = "the bytes of " + path + "@" + revision;
        if (holders.isGone(file.digest())) {
            return what + " are gone: no node keeps them";
        }
        return holders.unreached().isEmpty()
                ? what + " could not be had from " + names(holders.of(file.digest()))
                : what + " are on no node that answers; not asked: " + names(holders.unreached());
    }

    // --- list ---

    /// What stands at a path.
    ///
    /// @param withDeleted also what stood below it and can be restored
    public Looked<Listing> list(RelativePath path, boolean withDeleted, boolean isLocal) throws InterruptedException {
        OptionalLong index = readPoint.index(isLocal);
        if (index.isEmpty()) {
            return new Looked.NoQuorum<>();
        }
        return catalog.read(view -> {
            Optional<Entry> found = view.find(path);
            List<String> deleted = withDeleted
                    ? view.deletedBelow(path, ENTRIES_MAX).stream()
                            .map(RelativePath::toString)
                            .toList()
                    : List.of();
            if (found.isEmpty() && !path.isRoot() && deleted.isEmpty()) {
                return new Looked.Missing<>("nothing stands at " + path);
            }
            List<Listing.Item> items = items(view, path, found);
            boolean isWhole = items.size() <= ENTRIES_MAX && deleted.size() < ENTRIES_MAX;
            return new Looked.Found<>(
                    view.appliedIndex(),
                    new Listing(
                            path.toString(),
                            view.appliedIndex(),
                            items.subList(0, Math.min(ENTRIES_MAX, items.size())),
                            deleted,
                            isWhole));
        });
    }

    /// One more than [#ENTRIES_MAX] at most.
    private static List<Listing.Item> items(Catalog.View view, RelativePath path, Optional<Entry> found) {
        List<Listing.Item> items = new ArrayList<>();
        boolean isDirectory = found.map(entry -> entry.content().isDirectory()).orElse(false);
        if (path.isRoot() || isDirectory) {
            view.forEachChild(found.map(Entry::id).orElse(EntryId.ROOT), entry -> {
                if (items.size() <= ENTRIES_MAX) {
                    items.add(item(entry));
                }
            });
        } else {
            found.ifPresent(entry -> items.add(item(entry)));
        }
        return items;
    }

    private static Listing.Item item(Entry entry) {
        return new Listing.Item(
                entry.name().toString(),
                type(entry.content()),
                sizeBytes(entry.content()),
                entry.revision().toString(),
                mode(entry.attributes()),
                entry.content().isDirectory() ? null : modified(entry.attributes()),
                entry.isConflictCopy());
    }
}
