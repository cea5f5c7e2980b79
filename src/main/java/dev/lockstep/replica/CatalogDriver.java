package dev.lockstep.replica;

import dev.lockstep.catalog.Applied;
import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.CommandCodec;
import dev.lockstep.catalog.Result;
import dev.lockstep.consensus.Commit;
import dev.lockstep.consensus.ReplicatedState;
import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts commits into the catalog, and what they did before the folder.
public final class CatalogDriver implements ReplicatedState {
    private static final Logger log = LoggerFactory.getLogger(CatalogDriver.class);

    private final Catalog catalog;
    private final LongConsumer passed;
    private final CompletableFuture<FolderReplica> replica = new CompletableFuture<>();
    private final Consumer<Throwable> failed;

    /// @param passed told of each log index once it is in the catalog, on the applying thread
    /// @param failed told when the node can no longer go on
    public CatalogDriver(Catalog catalog, LongConsumer passed, Consumer<Throwable> failed) {
        this.catalog = catalog;
        this.passed = passed;
        this.failed = failed;
    }

    /// From now on commits reach the folder, and what the catalog holds already counts as having reached
    /// it: a replica compares all of it when it starts.
    public void feeds(FolderReplica theReplica) {
        theReplica.advanced(catalog.appliedIndex());
        replica.complete(theReplica);
    }

    @Override
    public long appliedIndex() {
        return catalog.appliedIndex();
    }

    @Override
    public void apply(Commit commit) {
        Applied applied = catalog.apply(commit.logIndex(), commit.command());
        passed.accept(commit.logIndex());
        FailPoint.pass("catalog.applied");
        if (applied.result() == Result.UNREADABLE) {
            log.atWarn()
                    .addKeyValue("logIndex", commit.logIndex())
                    .log("an entry of the log is garbage to every version: no effect");
        }
        try {
            replica.join().applied(applied);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean isReadable(Bytes command) {
        return CommandCodec.isOfKnownFormat(command);
    }

    @Override
    public void advance(long logIndex) {
        catalog.advance(logIndex);
        passed.accept(logIndex);
        replica.join().advanced(logIndex);
    }

    @Override
    public Pin pin() {
        Catalog.Pinned pinned = catalog.pin();
        return new Pin() {
            @Override
            public long logIndex() {
                return pinned.appliedIndex();
            }

            @Override
            public void writeTo(Path file) throws IOException {
                pinned.writeTo(file);
                // From now on the log may be cut: what it would bring back must stand in the store.
                catalog.flush();
            }

            @Override
            public void close() {
                pinned.close();
            }
        };
    }

    @Override
    public void install(Path file, long logIndex) throws IOException {
        catalog.install(file, logIndex);
        var _ = replica.thenAccept(running -> running.installed(logIndex));
    }

    @Override
    public CompletableFuture<Void> syncPoint(long logIndex) {
        return replica.join().syncPoint(logIndex);
    }

    @Override
    public void failed(Throwable cause) {
        failed.accept(cause);
    }
}
