package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.HistoryRecord;
import dev.lockstep.content.ContentStore;
import dev.lockstep.content.HistoryUse;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.Retention;
import dev.lockstep.replica.FolderReplica;
import dev.lockstep.transfer.ContentSearch;
import dev.lockstep.transfer.Holders;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Keeps old contents, in the background: copies what too few nodes hold until a majority does, and prunes what is
/// beyond the retention. Each node looks for itself what it should hold and does not ([Shortfall]).
final class HistoryKeeper implements AutoCloseable {
    private static final long ROUND_MILLIS = 1_000;
    private static final int BATCH_RECORDS = 128;
    private static final int ASKED_FOR_MAX = 2 * BATCH_RECORDS;
    private static final Duration SWEEP_EVERY = Duration.ofMinutes(10);
    private static final Duration PRUNE_EVERY = Duration.ofMinutes(1);
    private static final Duration PRUNE_MANY_EVERY = Duration.ofMinutes(10);
    private static final long MANY = 10_000;
    private static final int PRUNED_AT_ONCE_MAX = 1_000;
    /// Copies are made only while history fills less of its bounds than this: what was pruned for room would
    /// otherwise come back at once.
    private static final double FULL = 0.8;
    private static final Logger log = LoggerFactory.getLogger(HistoryKeeper.class);

    private final Supplier<List<NodeId>> voters;
    private final Catalog catalog;
    private final ContentStore store;
    private final ContentSearch search;
    private final FolderReplica replica;
    private final Retention retention;
    private final InstantSource clock;
    private final Shortfall shortfall;
    private final Thread thread;

    private @Nullable HistoryRecord last;
    private long sweepAtNanos;
    /// What damage has taken here: got again by this node, whoever else could.
    private Set<Digest> lost = Set.of();
    private long pruneAtNanos = System.nanoTime();
    private long count;
    private long bytes;

    HistoryKeeper(
            NodeId self,
            Supplier<List<NodeId>> voters,
            Catalog catalog,
            ContentStore store,
            ContentSearch search,
            FolderReplica replica,
            Retention retention,
            InstantSource clock) {
        this.voters = voters;
        this.catalog = catalog;
        this.store = store;
        this.search = search;
        this.replica = replica;
        this.retention = retention;
        this.clock = clock;
        this.shortfall = new Shortfall(self);
        this.thread = Thread.ofVirtual().name("history").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                round();
                Thread.sleep(ROUND_MILLIS);
            }
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException defect) {
            log.atError().setCause(defect).log("history is no longer copied on and pruned on this node");
        }
    }

    private void round() {
        try {
            if (System.nanoTime() - pruneAtNanos >= 0) {
                prune();
            }
            copyOn();
        } catch (IOException failure) {
            log.atWarn().addKeyValue("cause", failure.toString()).log("history could not be kept as it should");
            pruneAtNanos = System.nanoTime() + PRUNE_EVERY.toNanos();
        }
    }

    // --- pruning ---

    private void prune() throws IOException {
        if (replica.isSyncingFailing()) {
            // What gave way since the last sync point may be all that a power loss leaves.
            pruneAtNanos = System.nanoTime() + PRUNE_EVERY.toNanos();
            return;
        }
        Set<Digest> needed = replica.contentsToPlace().join();
        long nowNanos = TimeUnit.MILLISECONDS.toNanos(clock.millis());
        HistoryUse use = store.pruneHistory(retention, nowNanos, needed::contains, PRUNED_AT_ONCE_MAX);
        count = use.count();
        bytes = use.bytes();
        Duration rest = count > MANY ? PRUNE_MANY_EVERY : PRUNE_EVERY;
        pruneAtNanos = System.nanoTime() + (use.isUnfinished() ? 0 : rest.toNanos());
    }

    // --- copying on ---

    private void copyOn() throws IOException {
        long nowNanos = System.nanoTime();
        shortfall.add(lacking(nextBatch(nowNanos)), nowNanos);
        List<Content.File> lacking = new ArrayList<>();
        for (Content.File content : shortfall.due(nowNanos, ASKED_FOR_MAX)) {
            if (store.has(content.digest())) {
                shortfall.settle(content.digest());
            } else {
                lacking.add(content);
            }
        }
        if (lacking.isEmpty()) {
            return;
        }
        Holders holders =
                search.holders(lacking.stream().map(Content.File::digest).toList());
        for (Content.File content : lacking) {
            boolean isMine =
                    shortfall.isMine(content.digest(), holders, voters.get()) || lost.contains(content.digest());
            if (isMine && hasRoom(content)) {
                copy(content, holders.of(content.digest()));
            }
        }
    }

    /// What was superseded since the last batch; every now and then all of it anew.
    private List<HistoryRecord> nextBatch(long nowNanos) {
        HistoryRecord after = last;
        List<HistoryRecord> batch = catalog.read(view -> view.superseded(after, BATCH_RECORDS));
        if (!batch.isEmpty()) {
            last = batch.getLast();
        } else if (nowNanos - sweepAtNanos >= 0 || store.hasLost()) {
            last = null;
            lost = store.takeLost();
            sweepAtNanos = nowNanos + SWEEP_EVERY.toNanos();
        }
        return batch;
    }

    private Collection<Content.File> lacking(List<HistoryRecord> batch) throws IOException {
        Map<Digest, Content.File> lacking = new LinkedHashMap<>();
        for (HistoryRecord line : batch) {
            boolean isFile = line.state().isPresent() && line.state().get().content() instanceof Content.File;
            if (isFile && !isTooOld(line)) {
                Content.File file = (Content.File) line.state().get().content();
                if (!lacking.containsKey(file.digest()) && !store.has(file.digest())) {
                    lacking.put(file.digest(), file);
                }
            }
        }
        return lacking.values();
    }

    /// What others prune for its age is not to be copied from those who have not done so yet.
    private boolean isTooOld(HistoryRecord line) {
        long sinceMillis = line.superseded().orElseThrow().clockMillis();
        return sinceMillis != 0
                && Duration.ofMillis(clock.millis() - sinceMillis).compareTo(retention.age()) > 0;
    }

    private boolean hasRoom(Content.File content) {
        return count + 1 <= retention.countMax() * FULL && bytes + content.sizeBytes() <= retention.bytesMax() * FULL;
    }

    private void copy(Content.File content, SortedSet<NodeId> holders) {
        if (search.copyToHistory(content, holders)) {
            shortfall.settle(content.digest());
            count++;
            bytes += content.sizeBytes();
            log.atDebug().addKeyValue("content", content.digest()).log("an old content was copied here");
        }
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(5_000);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
