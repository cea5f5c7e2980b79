package dev.lockstep.replica;

import dev.lockstep.content.ContentStore;
import dev.lockstep.content.OpenContent;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.LocalContents;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import dev.lockstep.transfer.PeerContents;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The contents of this node and its peers, as the control loop asks for them.
public final class StoredContents implements ContentService, LocalContents {
    private static final Logger log = LoggerFactory.getLogger(StoredContents.class);

    private static final long FETCH_SECONDS_MAX = 60;

    private final ContentStore store;
    private final PeerContents peers;
    private final FolderReplica.InlineLookup inline;
    private final FolderRoot folder;
    private final FolderRoot state;

    public StoredContents(
            ContentStore store,
            PeerContents peers,
            FolderReplica.InlineLookup inline,
            FolderRoot folder,
            FolderRoot state) {
        this.store = store;
        this.peers = peers;
        this.inline = inline;
        this.folder = folder;
        this.state = state;
    }

    @Override
    public LocalContents local() {
        return this;
    }

    @Override
    public CompletableFuture<Void> makeDurable(Content.File content, RelativePath path, Stamp stamp) {
        store.offer(content.digest(), path, stamp);
        return peers.makeDurable(content);
    }

    @Override
    public CompletableFuture<Void> fetch(Content.File content) {
        return peers.fetch(content);
    }

    @Override
    public void release(Content.File content) {
        store.withdraw(content.digest());
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
    public boolean isTornCopy(RelativePath path, Content.File whole, @Nullable Bytes bytes) throws IOException {
        try (FileHandle file = folder.openRead(path)) {
            long sizeBytes = file.stamp().sizeBytes();
            if (sizeBytes == 0 || sizeBytes > whole.sizeBytes()) {
                return sizeBytes < whole.sizeBytes();
            }
            if (bytes != null) {
                return ContentStore.isTornCopy(file, bytes);
            }
            if (!store.isWhole(whole)) {
                fetchNow(whole);
            }
            try (OpenContent open = store.openVerified(whole)) {
                if (open == null) {
                    throw new IOException("the content to compare with is not on this node: " + whole.digest());
                }
                return ContentStore.isTornCopy(file, open);
            }
        }
    }

    private void fetchNow(Content.File whole) throws IOException {
        try {
            peers.fetch(whole).get(FETCH_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("stopping", interrupted);
        } catch (ExecutionException | TimeoutException failed) {
            throw new IOException("the content to compare with cannot be had now: " + whole.digest(), failed);
        }
    }

    @Override
    public boolean isTornLeftover(RelativePath path, Digest whole) throws IOException {
        try (FileHandle file = state.openRead(path)) {
            if (file.stamp().sizeBytes() == 0) {
                return true;
            }
            Bytes bytes = inline.get(whole);
            if (bytes != null) {
                return ContentStore.isTornCopy(file, bytes);
            }
            try (OpenContent open = store.open(whole)) {
                return open != null && ContentStore.isTornCopy(file, open);
            }
        }
    }

    @Override
    public void settle(Digest digest) throws IOException {
        store.settle(digest);
    }

    @Override
    public boolean stands(Digest digest) throws IOException {
        return store.stands(digest);
    }

    @Override
    public void dropStaged(Digest digest) {
        try {
            store.dropStaged(digest);
        } catch (IOException leftBehind) {
            log.atDebug().addKeyValue("cause", leftBehind.toString()).log("a staged content stays");
        }
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
    public void giveBackStaged(Content.File content, RelativePath taken) throws IOException {
        store.restage(content.digest(), taken);
    }

    @Override
    public boolean copyTo(Content.File content, FileHandle target) throws IOException {
        return store.copyTo(content, target);
    }

    @Override
    public void keepDisplaced(Digest digest, RelativePath displaced) throws IOException {
        store.keepDisplaced(digest, displaced);
    }

    @Override
    public void copyToHistory(Content.File content, RelativePath source) throws IOException {
        store.copyToHistory(content, source);
    }
}
