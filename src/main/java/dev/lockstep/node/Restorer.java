package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.content.ContentStore;
import dev.lockstep.content.OpenContent;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Place;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.replica.FolderReplica;
import dev.lockstep.transfer.ContentSearch;
import dev.lockstep.transfer.Transfer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Brings old revisions back as new ones: a proposal whose base is what the catalog says at that moment, so
/// that G6 decides against whatever else is proposed. Any thread; blocks.
public final class Restorer {
    private static final long RETRY_MILLIS = 20;

    private final Catalog catalog;
    private final ReadPoint readPoint;
    private final ContentSearch search;
    private final Transfer transfer;
    private final ContentStore store;
    private final FolderReplica replica;

    Restorer(
            Catalog catalog,
            ReadPoint readPoint,
            ContentSearch search,
            Transfer transfer,
            ContentStore store,
            FolderReplica replica) {
        this.catalog = catalog;
        this.readPoint = readPoint;
        this.search = search;
        this.transfer = transfer;
        this.store = store;
        this.replica = replica;
    }

    /// What is to be done, or why not.
    private sealed interface Plan {
        /// @param isThere whether the path holds this content now: only attributes come back
        record Propose(Change.Put put, HistoryRecord.State state, boolean isThere) implements Plan {}

        record Not(Restoring why) implements Plan {}
    }

    /// Bytes ready to be proposed, or why not.
    private sealed interface Ready {
        record Bytes(Content content, Optional<dev.lockstep.model.Bytes> inline) implements Ready {}

        record Not(Restoring why) implements Ready {}
    }

    /// @param revision empty for the last one that a deleted path had, or the one before the current
    /// @param expected whether the path's current revision, empty if nothing is there, is as the asker saw it
    public Restoring restore(
            RelativePath path, Optional<Revision> revision, Predicate<Optional<Revision>> expected, Duration timeout)
            throws IOException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        Ready.@Nullable Bytes bytes = null;
        while (true) {
            if (readPoint.linearizable().isEmpty()) {
                return new Restoring.NotInTime(false);
            }
            Plan plan = catalog.read(view -> plan(view, path, revision, expected));
            if (!(plan instanceof Plan.Propose(Change.Put put, HistoryRecord.State state, boolean isThere))) {
                return ((Plan.Not) plan).why();
            }
            if (bytes == null || !bytes.content().equals(put.content())) {
                switch (isThere ? new Ready.Bytes(put.content(), Optional.empty()) : ready(path, state, deadline)) {
                    case Ready.Bytes got -> bytes = got;
                    case Ready.Not(Restoring why) -> {
                        return why;
                    }
                }
            }
            CompletableFuture<Optional<Outcome>> decided = replica.restore(put, bytes.inline());
            try {
                Optional<Outcome> outcome = await(decided, deadline);
                if (outcome.isPresent()) {
                    return result(outcome.get(), state);
                }
            } catch (TimeoutException late) {
                return new Restoring.NotInTime(true);
            }
            if (System.nanoTime() - deadline > 0) {
                return new Restoring.Refused(path + " is being changed in this node's folder");
            }
            Thread.sleep(RETRY_MILLIS);
        }
    }

    // --- what is to be proposed ---

    private static Plan plan(
            Catalog.View view, RelativePath path, Optional<Revision> revision, Predicate<Optional<Revision>> expected) {
        Optional<Entry> live = view.find(path);
        if (path.isRoot() || live.filter(entry -> entry.content().isDirectory()).isPresent()) {
            return new Plan.Not(new Restoring.Refused("a directory stands at " + (path.isRoot() ? "/" : path)));
        }
        if (!expected.test(live.map(Entry::revision))) {
            return new Plan.Not(new Restoring.Stale(live.map(Entry::revision)));
        }
        Optional<HistoryRecord.State> state = chosen(view, path, live, revision);
        if (state.isEmpty()) {
            return new Plan.Not(new Restoring.Missing(unknown(path, live, revision)));
        }
        Optional<RelativePath> obstacle = obstacle(view, path);
        if (obstacle.isPresent()) {
            return new Plan.Not(new Restoring.Refused(obstacle.get() + " is no directory"));
        }
        Change.Put put = new Change.Put(
                place(view, path),
                live.map(Entry::id),
                live.map(Entry::revision).orElse(Revision.NONE),
                state.get().content(),
                state.get().attributes());
        boolean isThere = live.map(Entry::content).equals(Optional.of(put.content()));
        return new Plan.Propose(put, state.get(), isThere);
    }

    private static Optional<HistoryRecord.State> chosen(
            Catalog.View view, RelativePath path, Optional<Entry> live, Optional<Revision> revision) {
        if (revision.isPresent()) {
            return view.history(path, revision.get()).flatMap(HistoryRecord::state);
        }
        Optional<Revision> current = live.map(Entry::revision);
        return view.history(path, FolderHistory.LINES_MAX).stream()
                .flatMap(line -> line.state().stream())
                .filter(state -> !current.equals(Optional.of(state.contentRevision())))
                .findFirst();
    }

    private static String unknown(RelativePath path, Optional<Entry> live, Optional<Revision> revision) {
        if (revision.isPresent()) {
            return "no revision " + revision.get() + " of " + path + " is known";
        }
        return live.isPresent() ? "there is no older revision of " + path : "nothing is known of " + path;
    }

    /// A file or link above the path, which would have to give way.
    private static Optional<RelativePath> obstacle(Catalog.View view, RelativePath path) {
        for (int depth = 1; depth < path.depth(); depth++) {
            RelativePath above = new RelativePath(path.names().subList(0, depth));
            if (view.find(above).filter(entry -> !entry.content().isDirectory()).isPresent()) {
                return Optional.of(above);
            }
        }
        return Optional.empty();
    }

    private static Place place(Catalog.View view, RelativePath path) {
        List<Place.Step> steps = new ArrayList<>();
        EntryId parent = EntryId.ROOT;
        boolean isKnown = true;
        for (Name name : path.parent().names()) {
            Entry entry = isKnown ? view.child(parent, name) : null;
            isKnown = entry != null;
            parent = entry == null ? EntryId.ROOT : entry.id();
            steps.add(new Place.Step(parent, name));
        }
        return new Place(steps, path.name());
    }

    // --- its bytes ---

    private Ready ready(RelativePath path, HistoryRecord.State state, long deadline)
            throws IOException, InterruptedException {
        if (!(state.content() instanceof Content.File file)) {
            return new Ready.Bytes(state.content(), Optional.empty());
        }
        return switch (search.open(file)) {
            case ContentSearch.Found.Nowhere(var holders) ->
                new Ready.Not(
                        new Restoring.Gone(FolderHistory.unavailable(path, state.contentRevision(), file, holders)));
            case ContentSearch.Found.Open(OpenContent content) -> {
                try (content) {
                    yield file.sizeBytes() <= FolderReplica.INLINE_BYTES_MAX
                            ? new Ready.Bytes(file, Optional.of(all(content)))
                            : spread(file, deadline);
                }
            }
        };
    }

    private static Bytes all(OpenContent content) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) content.sizeBytes());
        content.read(bytes, 0);
        return Bytes.wrap(bytes.array());
    }

    /// What does not travel in the log stands on a majority before it is proposed.
    private Ready spread(Content.File file, long deadline) throws IOException, InterruptedException {
        try {
            await(transfer.fetch(file), deadline);
            await(transfer.makeDurable(file), deadline);
            return new Ready.Bytes(file, Optional.empty());
        } catch (IOException | TimeoutException unheard) {
            store.stagedToHistory(file.digest());
            return new Ready.Not(new Restoring.NotInTime(false));
        }
    }

    // --- what became of it ---

    private Restoring result(Outcome outcome, HistoryRecord.State state) {
        return switch (outcome) {
            case Outcome.Accepted(EntryId _, Revision revision) ->
                new Restoring.Restored(revision, state.contentRevision());
            case Outcome.Copied(EntryId copy, Revision _) ->
                new Restoring.Copied(String.valueOf(catalog.<@Nullable RelativePath>read(view -> view.path(copy))));
            case Outcome.Overruled(String reason) -> new Restoring.Refused("overruled: " + reason);
            case Outcome.Refused(String reason) -> new Restoring.Refused(reason);
        };
    }

    private static <T> T await(CompletableFuture<T> future, long deadline)
            throws IOException, InterruptedException, TimeoutException {
        try {
            return future.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (ExecutionException failure) {
            throw new IOException(String.valueOf(failure.getMessage()), failure);
        }
    }
}
