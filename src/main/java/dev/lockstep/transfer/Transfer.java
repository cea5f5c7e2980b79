package dev.lockstep.transfer;

import dev.lockstep.content.ContentStore;
import dev.lockstep.content.OpenContent;
import dev.lockstep.content.Receiver;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/// Content between this node and its peers. Thread-safe; what takes long runs on virtual threads.
public final class Transfer implements PeerContents, AutoCloseable {
    /// Most bytes in one answer.
    public static final int CHUNK_BYTES = 1 << 20;
    /// Names of the calls, with the version of what they carry.
    public static final String PREFIX = "content.";

    private static final String FETCH = PREFIX + "fetch";
    private static final String STAGE = PREFIX + "stage";
    static final String HAS = PREFIX + "has";
    private static final int WINDOW_CHUNKS = 4;
    /// Chunks in memory at once. Large contents have their own, lest small ones wait for them.
    private static final int CHUNKS_MAX = 16;
    private static final long LARGE_BYTES = 8L * CHUNK_BYTES;
    private static final int LARGE_CHUNKS_MAX = 2 * WINDOW_CHUNKS;
    private static final Duration CHUNK_TIMEOUT = Duration.ofSeconds(10);
    private static final long STAGE_WAIT_MILLIS = 2_000;
    private static final Duration STAGE_TIMEOUT = Duration.ofSeconds(5);
    private static final byte WORKING = 0;
    private static final byte DURABLE = 1;

    private final NodeId self;
    private final Supplier<List<NodeId>> voters;
    private final PeerLink link;
    private final ContentStore store;
    private final Semaphore chunks = new Semaphore(CHUNKS_MAX, true);
    private final Semaphore largeChunks = new Semaphore(LARGE_CHUNKS_MAX, true);
    private final Map<Digest, CompletableFuture<Void>> underWay = new ConcurrentHashMap<>();
    private final ExecutorService workers = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("transfer-", 0).factory());

    /// @param voters all voting nodes, this one included
    public Transfer(NodeId self, Supplier<List<NodeId>> voters, PeerLink link, ContentStore store) {
        this.self = self;
        this.voters = voters;
        this.link = link;
        this.store = store;
    }

    // --- to the others ---

    @Override
    public CompletableFuture<Void> makeDurable(Content.File content) {
        return CompletableFuture.runAsync(() -> spread(content), workers);
    }

    private void spread(Content.File content) {
        List<NodeId> all = voters.get();
        int majority = all.size() / 2 + 1;
        List<CompletableFuture<Boolean>> answers = new ArrayList<>();
        for (NodeId peer : all) {
            if (!peer.equals(self)) {
                answers.add(CompletableFuture.supplyAsync(() -> stagesAt(peer, content), workers));
            }
        }
        int holders = 0;
        int others = answers.size();
        boolean isPrivate = false;
        List<CompletableFuture<Boolean>> open = new ArrayList<>(answers);
        while (holders < majority) {
            if (holders + open.size() < majority && !isPrivate) {
                stagePrivately(content);
                isPrivate = true;
                holders++;
                continue;
            }
            if (open.isEmpty()) {
                throw new IllegalStateException("content stands on " + holders + " of " + (others + 1) + " nodes only");
            }
            CompletableFuture.anyOf(open.toArray(CompletableFuture[]::new)).join();
            for (Iterator<CompletableFuture<Boolean>> answer = open.iterator(); answer.hasNext(); ) {
                CompletableFuture<Boolean> one = answer.next();
                if (one.isDone()) {
                    answer.remove();
                    holders += one.join() ? 1 : 0;
                }
            }
        }
    }

    private void stagePrivately(Content.File content) {
        chunks.acquireUninterruptibly();
        try {
            store.stagePrivately(content);
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        } finally {
            chunks.release();
        }
    }

    /// Asks a peer to hold the content, until it does or fails.
    private boolean stagesAt(NodeId peer, Content.File content) {
        Bytes request = TransferCodec.encode(new TransferCodec.Stage(content, self));
        try {
            while (true) {
                Bytes answer = await(link.call(peer, STAGE, request, STAGE_TIMEOUT), STAGE_TIMEOUT);
                if (answer.at(0) == DURABLE) {
                    return true;
                }
            }
        } catch (IOException unreachable) {
            return false;
        }
    }

    // --- from the others ---

    @Override
    public CompletableFuture<Void> fetch(Content.File content) {
        return fetch(content, voters.get());
    }

    private CompletableFuture<Void> fetch(Content.File content, List<NodeId> sources) {
        return underWay.computeIfAbsent(content.digest(), digest -> {
            CompletableFuture<Void> done = CompletableFuture.runAsync(() -> pullFromAny(content, sources), workers);
            var _ = done.whenComplete((nothing, failure) -> workers.execute(() -> underWay.remove(digest)));
            return done;
        });
    }

    private void pullFromAny(Content.File content, List<NodeId> sources) {
        Semaphore memory = content.sizeBytes() > LARGE_BYTES ? largeChunks : chunks;
        int window = Math.clamp(Math.ceilDiv(content.sizeBytes(), CHUNK_BYTES), 1, WINDOW_CHUNKS);
        memory.acquireUninterruptibly(window);
        try {
            if (store.hasStaged(content.digest()) || stageOwn(content)) {
                return;
            }
            IOException last = new IOException("no peer to fetch from");
            for (NodeId source : sources) {
                if (source.equals(self)) {
                    continue;
                }
                try (Receiver receiver = store.receive(content)) {
                    pull(content, source, receiver);
                    receiver.finish();
                    return;
                } catch (IOException failure) {
                    last = failure;
                }
            }
            throw last;
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        } finally {
            memory.release(window);
        }
    }

    /// An old revision that came back, or a file that was copied: it need not travel.
    private boolean stageOwn(Content.File content) {
        try {
            if (!store.has(content.digest())) {
                return false;
            }
            store.stagePrivately(content);
            return true;
        } catch (IOException notAsItShould) {
            return false;
        }
    }

    /// Brings a content from a peer to the receiver, which then says whether it is right.
    void pull(Content.File content, NodeId source, Receiver receiver) throws IOException {
        Deque<CompletableFuture<Bytes>> window = new ArrayDeque<>();
        long asked = 0;
        long received = 0;
        while (received < content.sizeBytes()) {
            while (window.size() < WINDOW_CHUNKS && asked < content.sizeBytes()) {
                int length = (int) Math.min(CHUNK_BYTES, content.sizeBytes() - asked);
                Bytes request = TransferCodec.encode(new TransferCodec.Fetch(content.digest(), asked, length));
                window.addLast(link.call(source, FETCH, request, CHUNK_TIMEOUT));
                asked += length;
            }
            Bytes chunk = await(window.removeFirst(), CHUNK_TIMEOUT);
            if (chunk.size() == 0) {
                throw new IOException("an empty chunk from " + source);
            }
            receiver.write(chunk.buffer());
            received += chunk.size();
        }
    }

    static Bytes await(CompletableFuture<Bytes> answer, Duration timeout) throws IOException {
        try {
            return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException failure) {
            throw new IOException(String.valueOf(failure.getMessage()), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("stopping", interrupted);
        }
    }

    // --- for the others ---

    /// Answers a call whose method begins with [#PREFIX].
    public Bytes serve(String method, Bytes request) throws IOException {
        return switch (method) {
            case FETCH -> serveFetch(TransferCodec.fetch(request));
            case STAGE -> serveStage(TransferCodec.stage(request));
            case HAS -> serveHas(TransferCodec.has(request));
            default -> throw new IOException("no such call: " + method);
        };
    }

    private Bytes serveFetch(TransferCodec.Fetch fetch) throws IOException {
        try (OpenContent content = store.open(fetch.digest())) {
            if (content == null) {
                throw new IOException("content is not here");
            }
            int length = (int) Math.min(fetch.length(), Math.max(0, content.sizeBytes() - fetch.offset()));
            ByteBuffer chunk = ByteBuffer.allocate(length);
            content.read(chunk, fetch.offset());
            return Bytes.wrap(chunk.array());
        }
    }

    private Bytes serveHas(List<Digest> asked) throws IOException {
        byte[] answer = new byte[asked.size()];
        for (int i = 0; i < answer.length; i++) {
            answer[i] = (byte) (store.has(asked.get(i)) ? 1 : 0);
        }
        return Bytes.wrap(answer);
    }

    private Bytes serveStage(TransferCodec.Stage stage) throws IOException {
        CompletableFuture<Void> staged = fetch(stage.content(), List.of(stage.origin()));
        try {
            staged.get(STAGE_WAIT_MILLIS, TimeUnit.MILLISECONDS);
            return Bytes.wrap(new byte[] {DURABLE});
        } catch (TimeoutException working) {
            return Bytes.wrap(new byte[] {WORKING});
        } catch (ExecutionException failure) {
            throw new IOException(String.valueOf(failure.getMessage()), failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("stopping", interrupted);
        }
    }

    @Override
    public void close() {
        workers.shutdownNow();
    }
}
