package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.Command;
import dev.lockstep.catalog.CommandCodec;
import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.consensus.ratis.PeerPort;
import dev.lockstep.consensus.ratis.RatisConfig;
import dev.lockstep.consensus.ratis.RatisConsensus;
import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.folder.RenameSupport;
import dev.lockstep.folder.rocksdb.RocksIndexStore;
import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Entry;
import dev.lockstep.model.Member;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.StoreId;
import dev.lockstep.replica.CatalogDriver;
import dev.lockstep.replica.FolderReplica;
import dev.lockstep.replica.LoopThread;
import dev.lockstep.replica.Problems;
import dev.lockstep.replica.ReplicaStatus;
import dev.lockstep.replica.StoredContents;
import dev.lockstep.transfer.ContentSearch;
import dev.lockstep.transfer.Transfer;
import dev.lockstep.watch.FolderWatch;
import dev.lockstep.watch.WatchState;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A node: everything wired together, from start to stop. Methods may be called by any thread.
public final class Node implements AutoCloseable {
    private static final Duration RESCAN_EVERY = Duration.ofSeconds(60);
    private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration ADMINISTRATION_TIMEOUT = Duration.ofSeconds(20);
    private static final Duration ADMINISTRATION_RETRY = Duration.ofMillis(200);
    private static final Duration COMPARE_TIMEOUT = Duration.ofMinutes(1);
    private static final Duration COMPARE_DAMAGED_TIMEOUT = Duration.ofSeconds(5);
    private static final Name MARKER = Name.of(FolderMarker.NAME);
    private static final Logger log = LoggerFactory.getLogger(Node.class);

    private final NodeConfig config;
    private final Deque<Runnable> toClose;
    private final PeerPort port;
    private final Catalog catalog;
    private final Consensus consensus;
    private final FolderReplica replica;
    private final FolderWatch watcher;
    private final FolderAudit audit;
    private final DeepVerify deepVerify;
    private final CatalogComparison comparison;
    private final PeerQuestions questions;
    private final StateDirectory directory;
    private final FolderHistory history;
    private final Restorer restorer;
    private final CatchUp catchUp;

    /// Starts a node; returns when it takes part. Waits for its peers to found a cluster, as long as it takes.
    ///
    /// @param tell   takes lines for the person at the terminal
    /// @param failed told when the node can no longer go on: the process must end
    /// @throws StartRefused with one line that names the thing and the way out
    public static Node start(NodeConfig config, Consumer<String> tell, Consumer<Throwable> failed)
            throws StartRefused, IOException, InterruptedException {
        Machine machine = Machine.real();
        config.check(machine);
        DurableFiles files = new DurableFiles();
        Deque<Runnable> opened = new ArrayDeque<>();
        try {
            StateDirectory directory = StateDirectory.open(config, machine, files);
            closeLater(opened, directory);
            PortHolder ports = new PortHolder(machine);
            ports.requireFree("HTTP", config.http());
            ports.requireFree("Raft", config.address());
            OwnStore own = OwnStore.open(config, files);
            LastRun lastRun = LastRun.follow(config, machine, files, InstantSource.system());
            return new Node(config, directory, own, lastRun, tell, failed, opened);
        } catch (StartRefused | IOException | InterruptedException | RuntimeException | Error failure) {
            closeAll(opened);
            throw failure;
        }
    }

    /// @param toClose what is open; the caller closes it if this fails
    private Node(
            NodeConfig config,
            StateDirectory directory,
            OwnStore own,
            LastRun lastRun,
            Consumer<String> tell,
            Consumer<Throwable> failed,
            Deque<Runnable> toClose)
            throws StartRefused, IOException, InterruptedException {
        this.config = config;
        this.directory = directory;
        this.toClose = toClose;
        this.port = new PeerPort(config.address());
        closeLater(port);
        FoundingAnswers answers = new FoundingAnswers(config, own);
        port.serve(FoundingAnswers.PREFIX, answers::serve);
        port.listen();
        Founding founding = new Founding(config, own, port, tell);
        Identity identity = founding.identify();

        NativeFolderRoot folder = NativeFolderRoot.open(config.folder());
        closeLater(folder);
        NativeFolderRoot state = NativeFolderRoot.open(directory.path());
        closeLater(state);
        requireSuitable(state, folder);
        requireMarked(folder);
        Stores stores = new Stores(directory, lastRun.powerLoss().isPresent(), tell);
        this.catalog = stores.catalog();
        closeLater(catalog);
        RocksIndexStore indexStore = stores.index();
        closeLater(indexStore);
        FolderIndex index = new FolderIndex(indexStore);
        directory.requireCounted(index.entries() > 0 || lastRun.syncedIndex() > 0);
        ContentStore contents = new ContentStore(state, folder, index);
        contents.removeParts();
        if (lastRun.powerLoss().isPresent()) {
            contents.removeTorn(lastRun.durableNanos());
        }

        this.comparison = new CatalogComparison(config.node(), catalog);
        closeLater(comparison);
        CatalogDriver driver = new CatalogDriver(catalog, comparison::applied, failed);
        this.consensus = RatisConsensus.start(ratisConfig(identity), port, driver);
        closeLater(consensus);
        this.questions = new PeerQuestions(config.node(), port, consensus::members);
        Transfer transfer = new Transfer(config.node(), questions::voters, questions::call, contents);
        closeLater(transfer);
        port.serve(Transfer.PREFIX, transfer::serve);
        ExecutorService workers = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("read-", 0).factory());
        closeLater(workers::shutdown);
        this.replica = new FolderReplica(new FolderReplica.Parts(
                config.node(),
                identity.incarnation(directory.nextStart()),
                catalog,
                index,
                folder,
                state,
                ContentStore.STAGED,
                inline -> new StoredContents(contents, transfer, inline, folder, state),
                consensus,
                proposal -> CommandCodec.encode(new Command.Propose(proposal)),
                (work, onDefect) -> new LoopThread("folder-loop", work, onDefect),
                workers,
                System::nanoTime,
                InstantSource.system(),
                RESCAN_EVERY,
                failed));
        toClose.push(() -> lastRun.end(replica, index, folder, state));
        closeLater(replica);
        this.watcher = FolderWatch.open(folder, directory.part("barrier"), MARKER, replica::hint);
        closeLater(watcher);
        this.audit = new FolderAudit(config.node(), catalog, index, folder, replica::isKept);
        this.deepVerify = new DeepVerify(config.node(), replica.scrub(), questions);
        ContentSearch search = new ContentSearch(config.node(), questions::voters, questions::call, contents, transfer);
        ReadPoint readPoint = new ReadPoint(consensus, catalog);
        this.history = new FolderHistory(catalog, readPoint, search);
        this.restorer = new Restorer(catalog, readPoint, search, transfer, contents, replica);
        HistoryKeeper historyKeeper = new HistoryKeeper(
                config.node(),
                questions::voters,
                catalog,
                contents,
                search,
                replica,
                config.retention(),
                InstantSource.system());
        this.catchUp = new CatchUp(consensus, () -> replica.status().join().handledIndex(), replica::caughtUp);
        port.serve(PeerQuestions.PREFIX, this::serve);
        watcher.start();
        replica.start(lastRun.previousRun(), lastRun::synced);
        FolderMarker marker = new FolderMarker(
                identity.cluster(), config.node(), identity.self().store());
        MarkerKeeper keeper = new MarkerKeeper(marker, folder, state, new DurableFiles());
        closeLater(keeper);
        keeper.start();
        driver.feeds(replica);
        historyKeeper.start();
        closeLater(historyKeeper);
        comparison.start(questions, failed);
        answers.running(clusterView());
        closeLater(catchUp);
        catchUp.start();
        if (identity.isJoiner()) {
            join(founding, identity);
        }
    }

    private void closeLater(AutoCloseable part) {
        closeLater(toClose, part);
    }

    private static void closeLater(Deque<Runnable> toClose, AutoCloseable part) {
        toClose.push(() -> {
            try {
                part.close();
            } catch (Exception failure) {
                log.atWarn().addKeyValue("cause", failure.toString()).log("closing failed");
            }
        });
    }

    private void requireSuitable(NativeFolderRoot state, NativeFolderRoot folder) throws IOException, StartRefused {
        RenameSupport support = NativeFolderRoot.renameSupport(state, ContentStore.STAGED, folder);
        if (support == RenameSupport.OTHER_DEVICE) {
            throw new StartRefused(
                    "the state directory " + config.state() + " is on another file system than the folder "
                            + config.folder() + ": choose a --state beside the folder");
        }
        if (support != RenameSupport.FULL) {
            throw new StartRefused("the file system of " + config.folder()
                    + " cannot rename without replacing or exchange two names: use ext4, xfs, btrfs or tmpfs");
        }
    }

    /// The marker was found by its path; what was opened since may be another directory.
    private void requireMarked(NativeFolderRoot folder) throws IOException, StartRefused {
        if (folder.stat(RelativePath.ROOT.child(MARKER)) == null) {
            throw new StartRefused("the folder " + config.folder() + " has lost its marker " + MARKER
                    + " during the start: was its file system unmounted?");
        }
    }

    private RatisConfig ratisConfig(Identity identity) {
        return new RatisConfig(
                identity.cluster(),
                identity.self(),
                identity.members(),
                directory.part("raft"),
                !OwnStore.hasRun(directory.path()),
                Long.getLong("lockstep.snapshotTriggerEntries", RatisConfig.SNAPSHOT_TRIGGER_ENTRIES),
                Long.getLong("lockstep.purgePreservedEntries", RatisConfig.PURGE_PRESERVED_ENTRIES),
                Integer.getInteger("lockstep.segmentBytesMax", RatisConfig.SEGMENT_BYTES_MAX));
    }

    // --- members ---

    private FoundingAnswers.ClusterView clusterView() {
        return new FoundingAnswers.ClusterView() {
            @Override
            public List<Member> members() {
                return consensus.members();
            }

            @Override
            public Set<StoreId> lostStores(NodeId node) {
                return catalog.read(view -> view.lostStores(node));
            }

            @Override
            public CompletableFuture<Void> admit(Member newcomer) {
                List<Member> members = new ArrayList<>(consensus.members());
                members.removeIf(member -> member.node().equals(newcomer.node()));
                members.add(newcomer);
                return consensus.changeMembers(members);
            }
        };
    }

    private void join(Founding founding, Identity identity) {
        Thread.ofVirtual().name("join").start(() -> {
            try {
                while (!consensus.members().contains(identity.self()) && !founding.askToBeAdmitted(identity)) {
                    Thread.sleep(200);
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        });
    }

    public List<Member> members() {
        return consensus.members();
    }

    /// Takes the store of a lost node out of the cluster and allows the node to come back with a new one. An election
    /// that is going on only delays it.
    ///
    /// @throws IOException if it cannot be done now; asking again is safe
    public void replaceMember(NodeId node) throws IOException, InterruptedException {
        if (node.equals(config.node())) {
            throw new IOException("a node cannot replace itself: ask another one");
        }
        Optional<Member> old = member(node);
        if (old.isEmpty()) {
            if (!catalog.read(view -> view.lostStores(node)).isEmpty()) {
                return;
            }
            throw new IOException(node + " is no member; members are "
                    + members().stream().map(member -> member.node().value()).toList());
        }
        long deadline = System.nanoTime() + ADMINISTRATION_TIMEOUT.toNanos();
        while (!tryToReplace(old.get(), deadline)) {
            Thread.sleep(ADMINISTRATION_RETRY);
        }
    }

    private Optional<Member> member(NodeId node) {
        return members().stream().filter(member -> member.node().equals(node)).findFirst();
    }

    private boolean tryToReplace(Member old, long deadline) throws IOException, InterruptedException {
        try {
            await(consensus.offer(CommandCodec.encode(new Command.PermitReplacement(old.node(), old.store()))));
            List<Member> members = new ArrayList<>(members());
            if (members.remove(old)) {
                await(consensus.changeMembers(members));
            }
            return true;
        } catch (IOException failure) {
            if (System.nanoTime() - deadline > 0) {
                throw failure;
            }
            return false;
        }
    }

    public void transferLeadership(NodeId to) throws IOException, InterruptedException {
        Member member = member(to).orElseThrow(() -> new IOException(to + " is no member"));
        await(consensus.transferLeadership(member));
    }

    private static <T> T await(CompletableFuture<T> future) throws IOException, InterruptedException {
        return await(future, Duration.ofSeconds(35));
    }

    private static <T> T await(CompletableFuture<T> future, Duration timeout) throws IOException, InterruptedException {
        try {
            return future.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failure) {
            throw new IOException(
                    String.valueOf(Objects.requireNonNullElse(failure.getCause(), failure)
                            .getMessage()),
                    failure);
        } catch (TimeoutException late) {
            throw new IOException("not done in " + timeout.toSeconds() + " s", late);
        }
    }

    // --- barrier ---

    /// Waits until everything done in this folder before the call is committed.
    ///
    /// @param everywhere also placed on every member
    /// @param rescan     compare the whole folder, which also finds what no event tells
    public SyncReport sync(boolean everywhere, boolean rescan, Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        try {
            await(watcher.drain(), left(deadline));
            await(replica.barrier(rescan || !watcher.state().isOk()), left(deadline));
            long logIndex = await(consensus.readIndex(), left(deadline));
            List<String> unsettled = new ArrayList<>();
            ReplicaStatus status = await(replica.status(), left(deadline));
            status.unreadable().forEach(problem -> unsettled.add(problem.path() + ": " + problem.reason()));
            if (status.deletionsHalted() != null) {
                unsettled.add("deletions: " + status.deletionsHalted());
            }
            if (everywhere) {
                unsettled.addAll(questions.notPlaced(logIndex, left(deadline)));
                awaitPlaced(logIndex, left(deadline)).ifPresent(unsettled::add);
            }
            return new SyncReport(unsettled.isEmpty(), logIndex, unsettled);
        } catch (IOException failure) {
            List<String> unsettled = new ArrayList<>(List.of(String.valueOf(failure.getMessage())));
            replica.status().join().pendingPaths().forEach(path -> unsettled.add("pending: " + path));
            return new SyncReport(false, -1, unsettled);
        }
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(1_000_000, deadline - System.nanoTime()));
    }

    /// @return what stands in the way, empty once all commits up to `logIndex` stand in this folder
    private Optional<String> awaitPlaced(long logIndex, Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (true) {
            ReplicaStatus status = replica.status().join();
            if (status.placedIndex() >= logIndex) {
                return Optional.empty();
            }
            if (System.nanoTime() - deadline > 0) {
                return Optional.of(config.node() + " has placed up to " + status.placedIndex() + " of " + logIndex
                        + status.unplaceable().stream()
                                .findFirst()
                                .map(problem -> ": " + problem.path() + ": " + problem.reason())
                                .orElse(""));
            }
            Thread.sleep(2);
        }
    }

    private Bytes serve(String method, Bytes request) throws IOException {
        try {
            return switch (method) {
                case PeerQuestions.PLACED -> {
                    String[] words = request.toUtf8().split(" ");
                    Duration timeout = Duration.ofMillis(Long.parseLong(words[1]));
                    yield Bytes.utf8(
                            awaitPlaced(Long.parseLong(words[0]), timeout).orElse(""));
                }
                case PeerQuestions.DEEP -> deepVerify.serve(request);
                case PeerQuestions.DIGESTS -> comparison.encode();
                case PeerQuestions.TREE -> {
                    String[] words = request.toUtf8().split(" ");
                    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Long.parseLong(words[1]));
                    SyncReport report = sync(false, true, left(deadline));
                    awaitPlaced(Long.parseLong(words[0]), left(deadline));
                    List<String> unsettled = report.done() ? List.of() : report.unsettled();
                    yield PeerQuestions.encode(audit.tree(), unsettled);
                }
                default -> throw new IOException("no such call: " + method);
            };
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("stopping", interrupted);
        }
    }

    // --- what is known ---

    public TreeState tree() {
        return audit.tree();
    }

    /// Compares catalog and folder of every member.
    public VerifyReport verify(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        SyncReport here = sync(true, true, timeout);
        awaitPlaced(Math.max(0, here.index()), left(deadline));
        return questions.verify(audit.tree(), Math.max(0, here.index()), timeout);
    }

    /// Has all contents read again on every member, then compares them.
    ///
    /// @param isNew begin, rather than wait on for what has begun
    /// @return with a state that is running if it is not done in time: ask again
    public VerifyReport verifyDeep(boolean isNew, Duration timeout) throws InterruptedException {
        if (isNew) {
            deepVerify.start();
        }
        List<DeepState> states = deepVerify.await(timeout);
        if (states.stream().anyMatch(DeepState::running)) {
            return new VerifyReport(false, List.of(), List.of(), states);
        }
        boolean isGood = states.stream().allMatch(DeepState::good)
                && states.size() == questions.voters().size();
        // A file that waits for a good copy need not be waited for here.
        VerifyReport compared = verify(isGood ? COMPARE_TIMEOUT : COMPARE_DAMAGED_TIMEOUT);
        return new VerifyReport(compared.same() && isGood, compared.trees(), compared.unreached(), states);
    }

    public List<String> conflicts(int limit) {
        return catalog.read(view -> {
            List<String> paths = new ArrayList<>();
            for (Entry copy : view.conflictCopies(limit)) {
                RelativePath path = view.path(copy.id());
                paths.add(path == null ? copy.name().toString() : path.toString());
            }
            return paths;
        });
    }

    public FolderHistory history() {
        return history;
    }

    public Restorer restorer() {
        return restorer;
    }

    /// An administrator has looked at what is missing and said go on.
    public void resumeDeletions() {
        replica.resumeDeletions();
    }

    public boolean isReady() {
        ConsensusStatus status = consensus.status();
        return catchUp.isDone()
                && status.hasQuorum()
                && status.leader() != null
                && replica.status().join().isFirstScanDone();
    }

    /// The node's address towards its peers.
    public Address address() {
        return config.address();
    }

    public void announceApi(Address api) throws IOException {
        directory.announceApi(api.toString());
    }

    public NodeStatus status() {
        ConsensusStatus log = consensus.status();
        ReplicaStatus folder = replica.status()
                .orTimeout(STATUS_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        WatchState watch = watcher.state();
        boolean inSync = catchUp.isDone()
                && folder.isSettled()
                && log.hasQuorum()
                && folder.handledIndex() >= log.appliedIndex()
                && log.appliedIndex() >= log.commitIndex();
        return new NodeStatus(
                config.node().value(),
                log.role().name().toLowerCase(java.util.Locale.ROOT),
                log.leader() == null ? null : log.leader().value(),
                log.term(),
                log.commitIndex(),
                log.appliedIndex(),
                folder.placedIndex(),
                log.snapshotIndex(),
                folder.pending(),
                folder.pendingPaths().stream().map(RelativePath::toString).toList(),
                folder.toPlace(),
                problems(folder.unplaceable()),
                problems(folder.unreadable()),
                problems(folder.unsupported()),
                catalog.read(view -> view.conflictCopyCount()),
                folder.entries(),
                watch.isOk() ? "ok" : "degraded",
                watch.degraded(),
                watch.directories(),
                folder.deletionsHalted(),
                log.hasQuorum(),
                inSync,
                config.folder().toString(),
                freeBytes(),
                ProcessHandle.current().pid(),
                peers(log));
    }

    private long freeBytes() {
        try {
            return Files.getFileStore(config.folder()).getUsableSpace();
        } catch (IOException unknown) {
            return -1;
        }
    }

    private List<NodeStatus.Peer> peers(ConsensusStatus log) {
        List<NodeStatus.Peer> peers = new ArrayList<>();
        for (Member member : consensus.members()) {
            log.peers().stream()
                    .filter(peer -> peer.node().equals(member.node()))
                    .findFirst()
                    .ifPresent(peer -> peers.add(new NodeStatus.Peer(
                            member.node().value(),
                            member.address().toString(),
                            peer.matchIndex(),
                            peer.matchIndex() < 0 ? -1 : Math.max(0, log.commitIndex() - peer.matchIndex()),
                            peer.silentMillis())));
        }
        return peers;
    }

    private static List<NodeStatus.Problem> problems(List<Problems.Problem> found) {
        return found.stream()
                .map(problem -> new NodeStatus.Problem(problem.path().toString(), problem.reason()))
                .toList();
    }

    @Override
    public void close() {
        closeAll(toClose);
    }

    private static void closeAll(Deque<Runnable> toClose) {
        while (!toClose.isEmpty()) {
            toClose.pop().run();
        }
    }
}
