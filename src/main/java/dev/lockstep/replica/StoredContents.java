package dev.lockstep.replica;

import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.LocalContents;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import dev.lockstep.transfer.Transfer;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The contents of this node and its peers, as the control loop asks for them.
public final class StoredContents implements ContentService, LocalContents {
    private static final Logger log = LoggerFactory.getLogger(StoredContents.class);

    private final ContentStore store;
    private final Transfer transfer;
    private final FolderReplica.InlineLookup inline;
    private final FolderRoot folder;
    private final FolderRoot state;

    public StoredContents(
            ContentStore store,
            Transfer transfer,
            FolderReplica.InlineLookup inline,
            FolderRoot folder,
            FolderRoot state) {
        this.store = store;
        this.transfer = transfer;
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
        return transfer.makeDurable(content);
    }

    @Override
    public CompletableFuture<Void> fetch(Content.File content) {
        return transfer.fetch(content);
    }

    @Override
    public void release(Content.File content) {
        store.withdraw(content.digest());
        transfer.release(content);
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
    public void putBackStaged(Content.File content, FolderRoot stateRoot, RelativePath source) throws IOException {
        store.restage(content.digest(), source);
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
