package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The points up to which this node no longer needs the log: every content that came with a commit up to there stands
/// in the folder, staged or in history, and one syncing of the file systems has made that, the folder index and the
/// catalog durable. The log is cut only up to such a point. Owned by the control loop; writing and syncing happen on a
/// worker.
final class SyncPoints {
    /// While something is not durable without the log, a point is made that often.
    private static final long EVERY_NANOS = 5_000_000_000L;
    private static final Logger log = LoggerFactory.getLogger(SyncPoints.class);

    private final Catalog catalog;
    private final FolderIndex index;
    private final ContentService contents;
    private final InlineContents inline;
    private final Placements placements;
    private final Background background;
    private final Executor loop;
    private final LongSupplier clock;
    private final List<Request> requests = new ArrayList<>();
    private final Set<Digest> released = new LinkedHashSet<>();
    private LongConsumer reached = logIndex -> {};
    private long syncedIndex;
    private long lastNanos;
    private boolean isSyncing;
    private volatile boolean isFailing;

    private record Request(long logIndex, CompletableFuture<Void> done) {}

    /// One point under way.
    ///
    /// @param marks   up to which the folder index's records are part of it
    /// @param toStage contents that entries are still to be placed with
    /// @param others  contents that may have given way before they were placed
    /// @param released private copies that the folder takes the place of
    private record Point(
            long logIndex, long marks, Map<Digest, Bytes> toStage, Map<Digest, Bytes> others, Set<Digest> released) {}

    SyncPoints(
            Catalog catalog,
            FolderIndex index,
            ContentService contents,
            InlineContents inline,
            Placements placements,
            Background background,
            Executor loop,
            LongSupplier clock) {
        this.catalog = catalog;
        this.index = index;
        this.contents = contents;
        this.inline = inline;
        this.placements = placements;
        this.background = background;
        this.loop = loop;
        this.clock = clock;
        this.lastNanos = clock.getAsLong();
    }

    /// @param last    the log index of the last point of the runs before
    /// @param onPoint told the log index of each new point, on the control loop
    void continueFrom(long last, LongConsumer onPoint) {
        syncedIndex = last;
        reached = onPoint;
    }

    /// Whether the last attempt failed: what gave way since the last point may be all that a power loss leaves.
    boolean isFailing() {
        return isFailing;
    }

    /// The proposal of a content is decided. Until the folder is durable a private copy stays what the cluster counted
    /// on.
    void release(Digest digest) {
        released.add(digest);
    }

    CompletableFuture<Void> request(long logIndex) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> requests.add(new Request(logIndex, done)));
        return done;
    }

    /// @param handledIndex up to which commits were handed over
    /// @return nanoseconds until the next point is due, [Long#MAX_VALUE] if none is
    long step(long handledIndex) {
        long nowNanos = clock.getAsLong();
        boolean isAsked = requests.stream().anyMatch(request -> request.logIndex() <= handledIndex);
        boolean isDirty = handledIndex > syncedIndex || index.hasMarks();
        if (isSyncing || (!isAsked && !isDirty)) {
            return Long.MAX_VALUE;
        }
        long untilDue = lastNanos + EVERY_NANOS - nowNanos;
        if (!isAsked && untilDue > 0) {
            return untilDue;
        }
        begin(handledIndex);
        return Long.MAX_VALUE;
    }

    private void begin(long handledIndex) {
        isSyncing = true;
        Map<Digest, Bytes> others = inline.since(syncedIndex);
        Map<Digest, Bytes> toStage = new LinkedHashMap<>();
        for (Digest digest : placements.contents(catalog)) {
            Bytes bytes = inline.get(digest);
            if (bytes != null) {
                toStage.put(digest, bytes);
                others.remove(digest);
            }
        }
        Point point = new Point(handledIndex, index.beginMarks(), toStage, others, Set.copyOf(released));
        released.clear();
        background.run(() -> tryToSync(point), failure -> ended(point, failure));
    }

    private Optional<IOException> tryToSync(Point point) {
        try {
            write(point);
            FailPoint.reach("sync.written");
            contents.syncFileSystems();
            FailPoint.reach("sync.done");
            return Optional.empty();
        } catch (IOException refused) {
            return Optional.of(refused);
        }
    }

    private void write(Point point) throws IOException {
        for (Map.Entry<Digest, Bytes> one : point.toStage().entrySet()) {
            contents.stage(one.getKey(), one.getValue());
        }
        for (Map.Entry<Digest, Bytes> one : point.others().entrySet()) {
            if (!contents.stands(one.getKey())) {
                contents.keepHistory(one.getKey(), one.getValue());
            }
        }
    }

    private void ended(Point point, Optional<IOException> failure) {
        isSyncing = false;
        isFailing = failure.isPresent();
        lastNanos = clock.getAsLong();
        if (failure.isEmpty()) {
            syncedIndex = Math.max(syncedIndex, point.logIndex());
            inline.forgetUpTo(point.logIndex());
            dropWhatWasPlacedMeanwhile(point);
            settleReleased(point);
            index.endMarks(point.marks());
            FailPoint.pass("sync.recorded");
            reached.accept(syncedIndex);
        } else {
            released.addAll(point.released());
            log.atWarn().addKeyValue("cause", failure.get().toString()).log("no sync point: the log is not cut");
        }
        requests.removeIf(request -> {
            if (request.logIndex() > point.logIndex()) {
                return false;
            }
            boolean _ = failure.isEmpty()
                    ? request.done().complete(null)
                    : request.done().completeExceptionally(failure.get());
            return true;
        });
    }

    private void dropWhatWasPlacedMeanwhile(Point point) {
        var waiting = placements.contents(catalog);
        for (Digest digest : point.toStage().keySet()) {
            if (!waiting.contains(digest)) {
                contents.dropStaged(digest);
            }
        }
    }

    private void settleReleased(Point point) {
        var waiting = placements.contents(catalog);
        for (Digest digest : point.released()) {
            try {
                if (!waiting.contains(digest)) {
                    contents.settle(digest);
                }
            } catch (IOException failure) {
                // It stays staged, where it is found as well.
                log.atDebug().addKeyValue("cause", failure.toString()).log("a private copy stays");
            }
        }
    }
}
