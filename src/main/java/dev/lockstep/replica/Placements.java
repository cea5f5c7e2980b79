package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.folder.Held;
import dev.lockstep.materialize.Materializer;
import dev.lockstep.materialize.Placing;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The entries whose place in the folder is behind the catalog. Each is tried when what it waits for has
/// happened, and now and
/// then in any case; one that cannot be placed holds up no other. Owned by the control loop.
final class Placements {
    private static final int STEPS_AT_ONCE = 128;
    private static final int FETCHES_MAX = 64;
    private static final long RETRY_FIRST_NANOS = 1_000_000;
    private static final int RETRY_DOUBLINGS_MAX = 11;

    private final ContentService contents;
    private final Executor loop;
    private final LongSupplier clock;
    private final Deque<EntryId> queue = new ArrayDeque<>();
    private final Map<EntryId, Waiting> waiting = new HashMap<>();
    private final Map<EntryId, Set<EntryId>> afterEntry = new HashMap<>();
    private final Map<RelativePath, Set<EntryId>> afterPath = new HashMap<>();
    private final Map<Digest, Set<EntryId>> afterContent = new HashMap<>();
    private final Deque<Content.File> toFetch = new ArrayDeque<>();
    private final PriorityQueue<Retry> retries = new PriorityQueue<>((a, b) -> Long.signum(a.dueNanos - b.dueNanos));
    private final Problems unplaceable = new Problems();
    private final Consumer<RelativePath> lookAt;
    private final Consumer<EntryId> release;
    private final Consumer<EntryId> placed;
    /// Deleted directories that stay, and where; any thread looks.
    private final Map<EntryId, RelativePath> kept = new ConcurrentHashMap<>();
    private final Map<RelativePath, EntryId> keptAt = new HashMap<>();
    private @Nullable Materializer materializer;
    private int fetching;

    private static final class Waiting {
        private final long logIndex;
        private boolean isQueued = true;
        private int attempts;
        private @Nullable RelativePath problem;

        private Waiting(long logIndex) {
            this.logIndex = logIndex;
        }
    }

    private record Retry(EntryId id, long dueNanos) {}

    private long handledIndex;

    /// @param lookAt  takes paths that must be scanned before anything can be placed there
    /// @param release takes entries of the catalog that are ignored
    /// @param placed  told of entries on which the folder agrees with the catalog from now on
    Placements(
            ContentService contents,
            Executor loop,
            LongSupplier clock,
            Consumer<RelativePath> lookAt,
            Consumer<EntryId> release,
            Consumer<EntryId> placed) {
        this.contents = contents;
        this.loop = loop;
        this.clock = clock;
        this.lookAt = lookAt;
        this.release = release;
        this.placed = placed;
    }

    void use(Materializer theMaterializer) {
        this.materializer = theMaterializer;
    }

    /// The log index up to which commits were handed over.
    void handled(long logIndex) {
        handledIndex = Math.max(handledIndex, logIndex);
    }

    void enqueue(EntryId id) {
        Waiting at = waiting.get(id);
        if (at == null) {
            waiting.put(id, new Waiting(handledIndex));
            queue.addLast(id);
        } else if (!at.isQueued) {
            at.isQueued = true;
            at.attempts = 0;
            queue.addLast(id);
        }
    }

    /// Something at the path was decided or looked at.
    void wake(RelativePath path) {
        wakeAll(afterPath.remove(path));
        for (int depth = path.depth(); depth > 0 && !keptAt.isEmpty(); depth--) {
            EntryId above = keptAt.get(new RelativePath(path.names().subList(0, depth)));
            if (above != null) {
                enqueue(above);
            }
        }
    }

    /// Tries again whether deleted directories that stay can go.
    void wakeKept() {
        kept.keySet().forEach(this::enqueue);
    }

    /// Whether a directory is deleted and stays for what is ignored in it. Any thread.
    boolean isKept(EntryId id) {
        return kept.containsKey(id);
    }

    private void wakeAll(@Nullable Set<EntryId> ids) {
        if (ids != null) {
            ids.forEach(this::again);
        }
    }

    private void again(EntryId id) {
        Waiting at = waiting.get(id);
        if (at != null && !at.isQueued) {
            at.isQueued = true;
            queue.addLast(id);
        }
    }

    /// Takes out of the folder what stands there under another name as well, see [Materializer#takeOut].
    boolean takeOut(Held spare, RelativePath path) throws IOException {
        return materializer != null && materializer.takeOut(spare, path);
    }

    /// Places some of what is waiting.
    ///
    /// @return nanoseconds until there is more to do, 0 for at once, [Long#MAX_VALUE] if nothing is known
    long step() {
        long nowNanos = clock.getAsLong();
        while (!retries.isEmpty() && retries.peek().dueNanos() - nowNanos <= 0) {
            again(retries.poll().id());
        }
        for (int i = 0; i < STEPS_AT_ONCE && !queue.isEmpty(); i++) {
            place(queue.removeFirst());
        }
        fetch();
        if (!queue.isEmpty()) {
            return 0;
        }
        return retries.isEmpty() ? Long.MAX_VALUE : Math.max(0, retries.peek().dueNanos() - clock.getAsLong());
    }

    private void place(EntryId id) {
        Waiting at = waiting.get(id);
        if (at == null || materializer == null) {
            return;
        }
        at.isQueued = false;
        at.attempts++;
        switch (materializer.materialize(id)) {
            case Placing.Done() -> {
                done(id, at);
                placed.accept(id);
            }
            case Placing.After(EntryId other) -> {
                enqueueIfIdle(other);
                await(afterEntry, other, id, at);
            }
            case Placing.LocalChange(RelativePath path) -> {
                await(afterPath, path, id, at);
                lookAt.accept(path);
            }
            case Placing.Busy(RelativePath path) -> await(afterPath, path, id, at);
            case Placing.ContentMissing(Content.File content) -> {
                if (afterContent
                        .computeIfAbsent(content.digest(), key -> new LinkedHashSet<>())
                        .isEmpty()) {
                    toFetch.addLast(content);
                }
                afterContent.get(content.digest()).add(id);
            }
            case Placing.Ignored() -> {
                leave(id, at);
                release.accept(id);
            }
            case Placing.Released(RelativePath path) -> {
                done(id, at);
                lookAt.accept(path);
            }
            case Placing.Kept(RelativePath path, String reason) -> {
                leave(id, at);
                kept.put(id, path);
                keptAt.put(path, id);
                unplaceable.put(path, reason);
            }
            case Placing.Refused(RelativePath path, String reason) -> {
                at.problem = path;
                unplaceable.put(path, reason);
                retry(id, at);
            }
        }
    }

    private void enqueueIfIdle(EntryId other) {
        if (!waiting.containsKey(other)) {
            enqueue(other);
        }
    }

    private <K> void await(Map<K, Set<EntryId>> after, K what, EntryId id, Waiting at) {
        after.computeIfAbsent(what, key -> new LinkedHashSet<>()).add(id);
        retry(id, at);
    }

    private void retry(EntryId id, Waiting at) {
        long delayNanos = RETRY_FIRST_NANOS << Math.min(at.attempts, RETRY_DOUBLINGS_MAX);
        retries.add(new Retry(id, clock.getAsLong() + delayNanos));
    }

    private void done(EntryId id, Waiting at) {
        leave(id, at);
        wakeAll(afterEntry.remove(id));
    }

    /// Gives up on the entry for now. It may still be in the way of others: these try again after a while.
    private void leave(EntryId id, Waiting at) {
        waiting.remove(id);
        if (at.problem != null) {
            unplaceable.clear(at.problem);
        }
        RelativePath before = kept.remove(id);
        if (before != null) {
            keptAt.remove(before, id);
            unplaceable.clear(before);
        }
    }

    private void fetch() {
        while (fetching < FETCHES_MAX && !toFetch.isEmpty()) {
            Content.File content = toFetch.removeFirst();
            fetching++;
            var _ = contents.fetch(content)
                    .whenComplete((done, failure) -> loop.execute(() -> fetched(content, failure)));
        }
    }

    private void fetched(Content.File content, @Nullable Throwable failure) {
        fetching--;
        Set<EntryId> ids = afterContent.remove(content.digest());
        if (ids == null) {
            return;
        }
        for (EntryId id : ids) {
            Waiting at = waiting.get(id);
            if (at != null && failure != null) {
                retry(id, at);
            } else {
                again(id);
            }
        }
    }

    // --- what is known ---

    /// Everything committed up to here stands in the folder.
    long placedIndex() {
        long lowest =
                waiting.values().stream().mapToLong(at -> at.logIndex).min().orElse(Long.MAX_VALUE);
        return Math.min(handledIndex, lowest == Long.MAX_VALUE ? Long.MAX_VALUE : lowest - 1);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    boolean isWaiting(EntryId id) {
        return waiting.containsKey(id);
    }

    int size() {
        return waiting.size();
    }

    /// What entries are still to be placed with.
    Set<Digest> contents(Catalog catalog) {
        Set<Digest> digests = new HashSet<>();
        for (EntryId id : waiting.keySet()) {
            Entry want = catalog.read(view -> view.entry(id));
            if (want != null && want.content() instanceof Content.File file) {
                digests.add(file.digest());
            }
        }
        return digests;
    }

    List<EntryId> someWaiting(int limit) {
        return new ArrayList<>(waiting.keySet()).subList(0, Math.min(limit, waiting.size()));
    }

    Problems unplaceable() {
        return unplaceable;
    }
}
