package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The replicated tree of entries: commits in, outcomes out, the same on every node.
///
/// One thread at a time applies, pins and installs; any thread reads. A commit is decided outside the lock,
/// which only
/// its writing takes. Any call throws [java.io.UncheckedIOException] or [IllegalStateException] when the
/// store fails or
/// is damaged; the node must stop then.
public final class Catalog implements AutoCloseable {
    private final OrderedStore store;
    private final HistoryLimits limits;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    /// Written under the write lock, by the applying thread.
    private volatile Summary summary;

    /// Continues with what the store holds; an empty store is an empty tree. The catalog closes the store
    /// with itself.
    public Catalog(OrderedStore store) {
        this(store, HistoryLimits.DEFAULT);
    }

    /// @param limits the same on all nodes
    Catalog(OrderedStore store, HistoryLimits limits) {
        this.store = store;
        this.limits = limits;
        summary = Summary.of(store.records());
    }

    /// A consistent state. Valid only while the function it was given to runs.
    public interface View {
        long appliedIndex();

        @Nullable
        Entry entry(EntryId id);

        @Nullable
        Entry child(EntryId parent, Name name);

        /// In the order of their names.
        void forEachChild(EntryId parent, Consumer<Entry> action);

        /// In the order of their ids.
        void forEachEntry(Consumer<Entry> action);

        /// @return null without such an entry
        @Nullable
        RelativePath path(EntryId id);

        /// @return empty for the root, too, which has no entry
        Optional<Entry> find(RelativePath path);

        /// How many there are.
        long entries();

        /// As [TreeDigest] makes it of all entries.
        Digest digest();

        /// The oldest ones, in the order of their ids.
        List<Entry> conflictCopies(int limit);

        long conflictCopyCount();

        /// Whether the file or symlink left the catalog because it was ignored then, as far as that is remembered.
        boolean isReleased(EntryId id);

        /// What happened to the file or symlink at the path, and to those deleted there, newest first. Empty for
        /// a directory that nothing else stood at before.
        ///
        /// @param limit beyond which those deleted there longest ago are left out
        List<HistoryRecord> history(RelativePath path, int limit);

        /// What the commit did at the path, as far as it is remembered.
        Optional<HistoryRecord> history(RelativePath path, Revision revision);

        /// The superseded records of all entries, in the order in which they were superseded.
        ///
        /// @param after null to begin with the first one; else one that was seen before, which may be forgotten
        List<HistoryRecord> superseded(@Nullable HistoryRecord after, int limit);

        /// Paths below the directory at which something was deleted and nothing stands now, in the order of their
        /// bytes.
        ///
        /// @param limit of the paths looked at
        List<RelativePath> deletedBelow(RelativePath directory, int limit);

        /// How many superseded records are remembered.
        long historyRecords();

        /// The stores of the node that were replaced, all there ever were: none of them may come back.
        Set<StoreId> lostStores(NodeId node);
    }

    /// Takes one commit.
    ///
    /// @throws UnknownFormat if a newer version wrote the command; nothing has changed then. Never for
    ///     anything else that it holds
    public Applied apply(long logIndex, Bytes command) {
        if (logIndex > appliedIndex() && CommandCodec.formatOf(command) > CommandCodec.FORMAT) {
            throw new UnknownFormat(logIndex, CommandCodec.formatOf(command), CommandCodec.FORMAT);
        }
        CommandCodec.@Nullable Decoded decoded = CommandCodec.read(command).orElse(null);
        @Nullable Command known = decoded == null ? null : decoded.command();
        Map<Digest, Bytes> contents = decoded == null ? Map.of() : decoded.contents();
        Optional<OperationId> operation = known instanceof Command.Propose(Proposal proposal)
                ? Optional.of(proposal.operation())
                : Optional.empty();
        Decided decided = logIndex <= appliedIndex() ? Decided.nothing(Result.REPEATED) : decide(logIndex, known);
        return new Applied(
                logIndex, operation, decided.result, decided.outcomes, decided.touched, contents, decided.superseded);
    }

    private record Decided(
            Result result, List<Outcome> outcomes, Set<EntryId> touched, List<Applied.Superseded> superseded) {
        static Decided nothing(Result result) {
            return new Decided(result, List.of(), Set.of(), List.of());
        }
    }

    private Decided decide(long logIndex, @Nullable Command command) {
        return switch (command) {
            case null -> {
                advance(logIndex);
                yield Decided.nothing(Result.UNREADABLE);
            }
            case Command.Propose(Proposal proposal) -> propose(logIndex, proposal);
            case Command.PermitReplacement(NodeId node, StoreId old) -> {
                OrderedStore.Batch batch = new OrderedStore.Batch().put(Keys.lostStore(node, old), Bytes.EMPTY);
                commit(batch, summary.at(logIndex));
                yield Decided.nothing(Result.APPLIED);
            }
        };
    }

    private Decided propose(long logIndex, Proposal proposal) {
        OperationId operation = proposal.operation();
        OrderedStore.Records records = store.records();
        Result result = Operations.of(records, operation.node()).judge(operation);
        if (result != Result.APPLIED) {
            advance(logIndex);
            List<Outcome> known = result == Result.DUPLICATE ? Operations.answer(records, operation) : List.of();
            return new Decided(result, known, Set.of(), List.of());
        }
        Draft draft = new Draft(records, summary);
        List<Outcome> outcomes = new ArrayList<>();
        for (Change change : proposal.changes()) {
            Revision now = new Revision(logIndex, outcomes.size());
            draft.begin(now, new HistoryRecord.Signature(operation.node(), proposal.clockMillis()));
            outcomes.add(Rules.decide(draft, operation.node(), now, change));
        }
        OrderedStore.Batch batch = new OrderedStore.Batch();
        Operations.write(batch, operation, outcomes);
        Summary after = draft.write(logIndex, batch, limits);
        Set<EntryId> touched = draft.touched();
        commit(batch, after);
        return new Decided(result, outcomes, touched, draft.superseded());
    }

    /// Notes that the log went on to `logIndex` by an entry that is no command.
    public void advance(long logIndex) {
        if (logIndex > appliedIndex()) {
            commit(new OrderedStore.Batch(), summary.at(logIndex));
        }
    }

    private void commit(OrderedStore.Batch batch, Summary after) {
        batch.put(Keys.SUMMARY, after.encode());
        Lock writing = lock.writeLock();
        writing.lock();
        try {
            store.commit(batch);
            summary = after;
        } finally {
            writing.unlock();
        }
    }

    /// The last log index that took effect, 0 before the first. Any thread.
    public long appliedIndex() {
        return summary.appliedIndex();
    }

    /// Reads a consistent state, on any thread. No commit is taken while the reader runs, so it must be brief
    /// and must not wait for anything; see [#walk].
    public <T extends @Nullable Object> T read(Function<View, T> reader) {
        Lock reading = lock.readLock();
        reading.lock();
        try {
            return reader.apply(new StoreView(store.records(), summary));
        } finally {
            reading.unlock();
        }
    }

    /// As [#read], for a reader that takes its time: commits are taken meanwhile, and it does not see them.
    public <T extends @Nullable Object> T walk(Function<View, T> reader) {
        Summary now;
        OrderedStore.Pin pin;
        Lock reading = lock.readLock();
        reading.lock();
        try {
            now = summary;
            pin = store.pin();
        } finally {
            reading.unlock();
        }
        try (pin) {
            return reader.apply(new StoreView(pin, now));
        }
    }

    /// Pins the state of this moment without copying it. On the applying thread.
    public Pinned pin() {
        return new Pinned(summary.appliedIndex(), store.pin());
    }

    /// The catalog at one index, unchanged while later commits are applied.
    public static final class Pinned implements AutoCloseable {
        private final long appliedIndex;
        private final OrderedStore.Pin pin;

        private Pinned(long appliedIndex, OrderedStore.Pin pin) {
            this.appliedIndex = appliedIndex;
            this.pin = pin;
        }

        public long appliedIndex() {
            return appliedIndex;
        }

        /// Writes the state as one file, which [#install] takes. The caller makes it durable. On any thread.
        ///
        /// @throws IOException if the file cannot be written
        public void writeTo(Path file) throws IOException {
            SnapshotFile.write(file, pin);
        }

        @Override
        public void close() {
            pin.close();
        }
    }

    /// Puts the state that [Pinned#writeTo] wrote in the place of this one, durably. On the applying thread.
    ///
    /// @param logIndex which the state stands for, at least its own applied index
    /// @throws IOException if the file is damaged, of another format or newer than `logIndex`; the state is
    ///     then as
    ///     before
    public void install(Path file, long logIndex) throws IOException {
        SnapshotFile snapshot = SnapshotFile.verified(file);
        if (snapshot.summary().appliedIndex() > logIndex) {
            throw new IOException("snapshot of index " + snapshot.summary().appliedIndex() + " offered as one of "
                    + logIndex + ": " + file);
        }
        Lock writing = lock.writeLock();
        writing.lock();
        try {
            store.replaceAll(snapshot::each);
            summary = snapshot.summary();
        } finally {
            writing.unlock();
        }
        advance(logIndex);
    }

    /// Makes everything applied durable without the log. On any thread.
    public void flush() throws IOException {
        store.flush();
    }

    @Override
    public void close() {
        Lock writing = lock.writeLock();
        writing.lock();
        try {
            store.close();
        } finally {
            writing.unlock();
        }
    }
}
