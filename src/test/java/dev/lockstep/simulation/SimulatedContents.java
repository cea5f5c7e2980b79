package dev.lockstep.simulation;

import dev.lockstep.content.ContentStore;
import dev.lockstep.content.OpenContent;
import dev.lockstep.content.Receiver;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.LocalContents;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import dev.lockstep.replica.ContentService;
import dev.lockstep.replica.FolderReplica;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The contents of a process, in the store of production, and between processes without a network.
final class SimulatedContents implements ContentService, LocalContents {
    private static final Duration TRANSFER_TAKES_MAX = Duration.ofMillis(80);

    private final SimulatedProcess process;
    private final Simulation simulation;
    private final ContentStore store;
    private final FolderReplica.InlineLookup inline;
    private final FolderRoot folder;
    private final FolderRoot state;

    SimulatedContents(
            SimulatedProcess process,
            Simulation simulation,
            ContentStore store,
            FolderReplica.InlineLookup inline,
            FolderRoot folder,
            FolderRoot state) {
        this.process = process;
        this.simulation = simulation;
        this.store = store;
        this.inline = inline;
        this.folder = folder;
        this.state = state;
    }

    // --- between nodes ---

    @Override
    public CompletableFuture<Void> makeDurable(Content.File content, RelativePath path, Stamp stamp) {
        store.offer(content.digest(), path, stamp);
        return attempt(() -> spread(content));
    }

    @Override
    public CompletableFuture<Void> fetch(Content.File content) {
        return attempt(() -> pull(content));
    }

    private interface Work {
        void run() throws IOException;
    }

    private CompletableFuture<Void> attempt(Work work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        process.later(simulation.upTo(TRANSFER_TAKES_MAX), () -> {
            try {
                work.run();
                done.complete(null);
            } catch (IOException refused) {
                done.completeExceptionally(refused);
            }
        });
        return done;
    }

    private void spread(Content.File content) throws IOException {
        int majority = simulation.machines().size() / 2 + 1;
        int holders = 0;
        for (SimulatedMachine peer : simulation.reachableFrom(process.machine())) {
            if (holders < majority && isReceivedBy(peer, content)) {
                holders++;
            }
        }
        if (holders < majority) {
            store.stagePrivately(content);
            holders++;
        }
        if (holders < majority) {
            throw new IOException("content stands on " + holders + " nodes only");
        }
    }

    private boolean isReceivedBy(SimulatedMachine peer, Content.File content) throws IOException {
        SimulatedProcess receiver = peer.process();
        Bytes bytes = read(store, content);
        if (receiver == null || bytes == null) {
            return false;
        }
        boolean[] isReceived = {false};
        receiver.run(() -> {
            try {
                receive(receiver.contents(), content, bytes);
                isReceived[0] = true;
            } catch (IOException refused) {
                simulation.tell(peer, "does not take", refused);
            }
        });
        return isReceived[0];
    }

    private void pull(Content.File content) throws IOException {
        if (store.hasStaged(content.digest())) {
            return;
        }
        Bytes bytes = read(store, content);
        for (SimulatedMachine peer : simulation.reachableFrom(process.machine())) {
            SimulatedProcess source = peer.process();
            if (bytes == null && source != null) {
                bytes = readAt(source, content);
            }
        }
        if (bytes == null) {
            throw new IOException("no peer has " + content);
        }
        receive(store, content, bytes);
    }

    private @Nullable Bytes readAt(SimulatedProcess source, Content.File content) {
        Bytes[] found = {Bytes.EMPTY};
        boolean[] isFound = {false};
        source.run(() -> {
            try {
                Bytes bytes = read(source.contents(), content);
                isFound[0] = bytes != null;
                found[0] = bytes == null ? Bytes.EMPTY : bytes;
            } catch (IOException changed) {
                simulation.tell(source.machine(), "does not give", changed);
            }
        });
        return isFound[0] ? found[0] : null;
    }

    /// @return null if it is not there as it should
    private static @Nullable Bytes read(ContentStore from, Content.File content) throws IOException {
        try (OpenContent open = from.open(content.digest())) {
            if (open == null || open.sizeBytes() != content.sizeBytes()) {
                return null;
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) content.sizeBytes());
            open.read(bytes, 0);
            Bytes read = Bytes.wrap(bytes.array());
            return Digest.of(read).equals(content.digest()) ? read : null;
        }
    }

    private static void receive(ContentStore into, Content.File content, Bytes bytes) throws IOException {
        if (into.hasStaged(content.digest())) {
            return;
        }
        try (Receiver receiver = into.receive(content)) {
            receiver.write(bytes.buffer());
            receiver.finish();
        }
    }

    @Override
    public void release(Content.File content) {
        store.withdraw(content.digest());
        process.later(simulation.upTo(TRANSFER_TAKES_MAX), () -> {
            try {
                store.dropStaged(content.digest());
            } catch (IOException left) {
                simulation.tell(process.machine(), "keeps", left);
            }
        });
    }

    // --- on this node ---

    @Override
    public LocalContents local() {
        return this;
    }

    @Override
    public void stage(Digest digest, Bytes content) throws IOException {
        store.stage(digest, content);
    }

    @Override
    public void stageCopy(Content.File content, RelativePath source) throws IOException {
        store.stageCopy(content, source);
    }

    @Override
    public void restage(Digest digest, RelativePath source) throws IOException {
        store.restage(digest, source);
    }

    @Override
    public void keepHistory(Digest digest, Bytes content) throws IOException {
        store.keepHistory(digest, content);
    }

    @Override
    public void stagedToHistory(Digest digest) throws IOException {
        store.stagedToHistory(digest);
    }

    @Override
    public void syncFileSystems() throws IOException {
        folder.syncfs();
        state.syncfs();
    }

    @Override
    public @Nullable Bytes inline(Digest digest) {
        return inline.get(digest);
    }

    @Override
    public boolean takeStaged(Content.File content, FolderRoot stateRoot, RelativePath target) throws IOException {
        return store.takeStaged(content.digest(), target);
    }

    @Override
    public boolean copyTo(Content.File content, FileHandle target) throws IOException {
        return store.copyTo(content, target);
    }

    @Override
    public void keep(Content.File content, FolderRoot stateRoot, RelativePath displaced) throws IOException {
        store.keepDisplaced(content.digest(), displaced);
    }
}
