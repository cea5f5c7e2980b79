package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.Command;
import dev.lockstep.catalog.CommandCodec;
import dev.lockstep.catalog.MemoryStore;
import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.IndexStore;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Member;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Place;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.transfer.Transfer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiPredicate;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/// A real folder under a real replica, alone with its log, which is in memory. Stop and start are those of a killed
/// process: catalog, index and disk stay. Used by one test thread.
final class SoloFolder {
    static final NodeId SELF = new NodeId("node1");
    private static final NodeId PEER = new NodeId("node2");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    final Path folder;
    final Path state;
    final Catalog catalog = new Catalog(new MemoryStore());
    final TreeIndex records = new TreeIndex();
    final FolderIndex index = new FolderIndex(records);
    /// Roots as the replica sees them; replaced to meet races and failing disks.
    UnaryOperator<FolderRoot> seen = root -> root;
    /// Of the replica, monotonic, in nanoseconds.
    LongSupplier clock = System::nanoTime;

    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();
    private final AtomicReference<@Nullable Throwable> defect = new AtomicReference<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicInteger offers = new AtomicInteger();
    private volatile CompletableFuture<Void> mayCommit = CompletableFuture.completedFuture(null);
    private @Nullable FolderReplica replica;
    private long incarnation;
    private long peerSequence;
    private long logIndex;
    private final List<Bytes> commands = new ArrayList<>();

    SoloFolder(Path home) throws IOException {
        folder = Files.createDirectories(home.resolve("folder"));
        state = Files.createDirectories(home.resolve("state"));
        for (String part : List.of("staged", "history")) {
            Files.createDirectories(state.resolve(part));
        }
        Files.writeString(folder.resolve(".lockstep"), "marker");
    }

    void start() throws IOException {
        launch();
        awaitSettled();
    }

    /// As [#start], without waiting for anything.
    void launch() throws IOException {
        begin(started -> started.start());
    }

    /// As after a power loss: the log, whose entries are all durable, is replayed first.
    ///
    /// @param syncedIndex of the last sync point
    void startAfterPowerLoss(long syncedIndex) throws Exception {
        long nowNanos = TimeUnit.MILLISECONDS.toNanos(nextMillisecond());
        PowerLoss loss = new PowerLoss(syncedIndex, nowNanos);
        begin(started -> started.start(new PreviousRun(syncedIndex, true, Optional.of(loss)), index -> {}));
        replay();
        replica().caughtUp();
        awaitSettled();
        Awaitility.await().atMost(PATIENCE).until(replica()::isRecovered);
    }

    /// As after a kill: the catalog is as it was, and the log since the last snapshot comes once more.
    void startWithLog() throws Exception {
        launch();
        replay();
        awaitSettled();
    }

    /// As after a kill, where the state directory tells of it.
    void startAfterKill() throws Exception {
        begin(started -> started.start(new PreviousRun(0, true, Optional.empty()), index -> {}));
        replay();
        replica().caughtUp();
        awaitSettled();
    }

    private void replay() throws InterruptedException {
        for (int at = 0; at < commands.size(); at++) {
            replica().applied(catalog.apply(at + 1, commands.get(at)));
        }
    }

    /// The machine boots after all that was written before, also by a clock of milliseconds.
    private static long nextMillisecond() {
        long before = System.currentTimeMillis();
        long now = before;
        while (now <= before) {
            Thread.onSpinWait();
            now = System.currentTimeMillis();
        }
        return now;
    }

    private void begin(Consumer<FolderReplica> start) throws IOException {
        NativeFolderRoot nativeFolder = NativeFolderRoot.open(folder);
        NativeFolderRoot nativeState = NativeFolderRoot.open(state);
        FolderRoot root = seen.apply(nativeFolder);
        FolderRoot stateRoot = seen.apply(nativeState);
        ContentStore contents = new ContentStore(stateRoot, root, index);
        contents.removeParts();
        Transfer transfer = new Transfer(
                SELF,
                () -> List.of(SELF),
                (peer, method, request, timeout) -> CompletableFuture.failedFuture(new IOException("alone")),
                contents);
        FolderReplica started = new FolderReplica(new FolderReplica.Parts(
                SELF,
                ++incarnation,
                catalog,
                index,
                root,
                stateRoot,
                ContentStore.STAGED,
                inline -> new StoredContents(contents, transfer, inline, root, stateRoot),
                new SoloLog(),
                proposal -> CommandCodec.encode(new Command.Propose(proposal)),
                (work, onDefect) -> new LoopThread("folder-loop", work, onDefect),
                workers,
                clock,
                java.time.InstantSource.system(),
                Duration.ofSeconds(60),
                defect::set));
        replica = started;
        open.addAll(List.of(nativeFolder, nativeState, transfer, started));
        start.accept(started);
    }

    void stop() throws Exception {
        for (AutoCloseable one : open.reversed()) {
            one.close();
        }
        open.clear();
        replica = null;
    }

    FolderReplica replica() {
        return java.util.Objects.requireNonNull(replica);
    }

    /// Compares the whole folder and waits until nothing is under way.
    void awaitSettled() {
        Awaitility.await().atMost(PATIENCE).until(() -> {
            requireNoDefect();
            replica().barrier(true).join();
            return replica().status().join().isSettled();
        });
    }

    void requireNoDefect() {
        Throwable found = defect.get();
        if (found != null) {
            throw new AssertionError("the replica has ended", found);
        }
    }

    // --- what the cluster does ---

    /// Nothing that this node offers is committed until the end of what is returned.
    CompletableFuture<Void> holdOffers() {
        mayCommit = new CompletableFuture<>();
        return mayCommit;
    }

    int offers() {
        return offers.get();
    }

    private final class SoloLog implements Consensus {
        @Override
        public CompletableFuture<Long> offer(Bytes command) {
            offers.incrementAndGet();
            return mayCommit.thenApplyAsync(_ -> commit(command), workers);
        }

        @Override
        public CompletableFuture<Long> readIndex() {
            throw new UnsupportedOperationException();
        }

        @Override
        public ConsensusStatus status() {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Member> members() {
            return List.of();
        }

        @Override
        public CompletableFuture<Void> changeMembers(List<Member> members) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletableFuture<Void> transferLeadership(Member to) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private synchronized long commit(Bytes command) {
        commands.add(command);
        var applied = catalog.apply(++logIndex, command);
        FolderReplica running = replica;
        if (running != null) {
            try {
                running.applied(applied);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return logIndex;
    }

    synchronized long logIndex() {
        return logIndex;
    }

    /// Another node's change is committed.
    void peerCommits(Change change, String... contents) {
        OperationId operation = new OperationId(PEER, 1, ++peerSequence);
        List<Bytes> bytes = Arrays.stream(contents).map(Bytes::utf8).toList();
        commit(CommandCodec.encode(new Command.Propose(new Proposal(operation, List.of(change), bytes))));
    }

    /// Another node edits a file.
    Entry peerEdits(String path, String content) {
        Entry before = entry(path);
        peerCommits(
                new Change.Put(
                        new dev.lockstep.model.Place(List.of(), before.name()),
                        Optional.of(before.id()),
                        before.revision(),
                        file(content),
                        new Attributes(0644, 1_000_000_000L)),
                content);
        return entry(path);
    }

    void peerMoves(String from, String to) {
        peerCommits(new Change.Move(List.of(new Change.Relocation(entry(from).id(), place(to)))));
    }

    void peerDeletes(String path) {
        Entry before = entry(path);
        peerCommits(new Change.Delete(before.id(), before.revision(), place(path)));
    }

    /// Another node sees to it that what the rules ignore leaves the catalog.
    void peerReleases(String path, String rules) {
        Entry before = entry(path);
        peerCommits(new Change.Release(before.id(), before.revision(), place(path), file(rules)));
    }

    /// Another node makes a file where none is.
    Entry peerCreates(String path, String content) {
        Attributes attributes = new Attributes(0644, 1_000_000_000L);
        peerCommits(new Change.Put(place(path), Optional.empty(), Revision.NONE, file(content), attributes), content);
        return entry(path);
    }

    void peerMakesDirectory(String path) {
        Attributes attributes = new Attributes(0755, 0);
        peerCommits(new Change.Put(place(path), Optional.empty(), Revision.NONE, new Content.Directory(), attributes));
    }

    /// As a node names it that knows the directories.
    Place place(String text) {
        RelativePath path = RelativePath.of(text);
        List<Place.Step> steps = new ArrayList<>();
        RelativePath at = RelativePath.ROOT;
        for (Name name : path.parent().names()) {
            at = at.child(name);
            RelativePath directory = at;
            EntryId id =
                    catalog.read(view -> view.find(directory)).map(Entry::id).orElse(EntryId.ROOT);
            steps.add(new Place.Step(id, name));
        }
        return new Place(steps, path.name());
    }

    static Content.File file(String content) {
        Bytes bytes = Bytes.utf8(content);
        return new Content.File(Digest.of(bytes), bytes.size());
    }

    Entry entry(String path) {
        return catalog.read(view -> view.find(RelativePath.of(path))).orElseThrow();
    }

    List<Entry> conflictCopies() {
        return catalog.read(view -> view.conflictCopies(9));
    }

    // --- what stands on disk ---

    /// Every file of the folder but the marker: path and content, in order.
    SortedMap<String, String> files() throws IOException {
        SortedMap<String, String> found = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                found.put(folder.relativize(path).toString(), Files.readString(path, StandardCharsets.UTF_8));
            }
        }
        found.remove(".lockstep");
        return found;
    }

    /// The names in a directory of the state.
    List<String> names(String part) throws IOException {
        try (Stream<Path> paths = Files.list(state.resolve(part))) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    void close() throws Exception {
        stop();
        workers.shutdownNow();
        requireNoDefect();
    }

    /// An index store in memory.
    static final class TreeIndex implements IndexStore {
        private final TreeMap<Bytes, byte[]> map = new TreeMap<>();

        @Override
        public synchronized byte @Nullable [] get(byte[] key) {
            return map.get(Bytes.wrap(key));
        }

        @Override
        public void scan(byte[] prefix, BiPredicate<byte[], byte[]> visitor) {
            TreeMap<Bytes, byte[]> seen;
            synchronized (this) {
                seen = new TreeMap<>(map.tailMap(Bytes.wrap(prefix), true));
            }
            for (var record : seen.entrySet()) {
                byte[] key = record.getKey().unsafeArray();
                boolean isBelow =
                        key.length >= prefix.length && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
                if (!isBelow || !visitor.test(key, record.getValue())) {
                    return;
                }
            }
        }

        @Override
        public synchronized void write(List<Write> writes) {
            for (Write write : writes) {
                byte[] value = write.value();
                if (value == null) {
                    map.remove(Bytes.wrap(write.key()));
                } else {
                    map.put(Bytes.wrap(write.key()), value);
                }
            }
        }

        @Override
        public void close() {}
    }
}
