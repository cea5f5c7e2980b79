package dev.lockstep.replica;

import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.RottenFiles;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads every file of the folder again, from the disk, and compares it with its revision. A file that nothing has
/// touched and whose bytes are others is rotten: it is placed again, from what this node keeps or from a peer, and its
/// rotten bytes become history under their own digest. One run at a time, on a thread of its own; other methods by any
/// thread. Memory is one buffer and a number for each entry.
public final class Scrub implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int LISTED_MAX = 200;
    private static final Duration REPAIR_PATIENCE = Duration.ofSeconds(30);
    private static final Duration LOOK_EVERY = Duration.ofMillis(20);
    private static final Logger log = LoggerFactory.getLogger(Scrub.class);

    private final FolderIndex index;
    private final FolderRoot root;
    private final RottenFiles rotten;
    private final Consumer<EntryId> place;
    private final AtomicLong filesRead = new AtomicLong();
    private final AtomicLong bytesRead = new AtomicLong();
    private final List<Found> found = new ArrayList<>();
    private final List<Problems.Problem> unreadable = new ArrayList<>();
    private volatile long filesTotal;
    private volatile @Nullable Thread running;
    private volatile boolean isClosed;

    private record Found(EntryId id, RelativePath path) {}

    /// How far a run has come, or how the last one ended.
    ///
    /// @param files      read so far, of `filesTotal`
    /// @param damaged    files that were found rotten, and what became of each
    /// @param unreadable files that could not be read to the end
    public record Progress(
            boolean isRunning,
            long files,
            long filesTotal,
            long bytes,
            List<Problems.Problem> damaged,
            List<Problems.Problem> unreadable,
            boolean isAllRepaired) {
        public Progress {
            damaged = List.copyOf(damaged);
            unreadable = List.copyOf(unreadable);
        }
    }

    /// @param place has an entry placed that is in `rotten`
    Scrub(FolderIndex index, FolderRoot root, RottenFiles rotten, Consumer<EntryId> place) {
        this.index = index;
        this.root = root;
        this.rotten = rotten;
        this.place = place;
    }

    /// Begins a run; without effect while one is under way.
    public synchronized void start() {
        Thread before = running;
        if (before != null && before.isAlive()) {
            return;
        }
        filesRead.set(0);
        bytesRead.set(0);
        found.clear();
        unreadable.clear();
        running = Thread.ofPlatform().name("scrub").daemon(true).start(this::run);
    }

    public synchronized Progress progress() {
        Thread now = running;
        List<Problems.Problem> damaged = new ArrayList<>();
        boolean isAllRepaired = true;
        for (Found one : found) {
            Held held = index.held(one.id());
            boolean isRepaired = held == null || rotten.digest(held) == null;
            isAllRepaired &= isRepaired;
            damaged.add(new Problems.Problem(
                    one.path(),
                    isRepaired ? "was damaged on disk, placed again" : "is damaged on disk, waits for a good copy"));
        }
        return new Progress(
                now != null && now.isAlive(),
                filesRead.get(),
                filesTotal,
                bytesRead.get(),
                damaged,
                unreadable,
                isAllRepaired);
    }

    private void run() {
        long[] ids = files();
        filesTotal = ids.length;
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);
        for (long id : ids) {
            if (isClosed) {
                return;
            }
            check(new EntryId(id), buffer);
            filesRead.incrementAndGet();
        }
        awaitRepair();
    }

    private long[] files() {
        long[][] ids = {new long[1024]};
        int[] count = {0};
        index.forEach(held -> {
            if (held.entry().content() instanceof Content.File) {
                if (count[0] == ids[0].length) {
                    ids[0] = Arrays.copyOf(ids[0], 2 * count[0]);
                }
                ids[0][count[0]++] = held.id().value();
            }
        });
        return Arrays.copyOf(ids[0], count[0]);
    }

    private void check(EntryId id, ByteBuffer buffer) {
        Held held = index.held(id);
        RelativePath path = index.path(id);
        if (held == null || path == null || !(held.entry().content() instanceof Content.File file)) {
            return;
        }
        try {
            Digest now = digestIfUntouched(path, held.stamp(), buffer);
            if (now != null && !now.equals(file.digest()) && held.equals(index.held(id))) {
                damaged(held, path, now);
            }
        } catch (FolderException refused) {
            if (refused.errno() != Errno.NOT_FOUND) {
                cannotRead(path, refused);
            }
        } catch (IOException refused) {
            cannotRead(path, refused);
        }
    }

    /// @return null if somebody has touched the file since it was recorded: then it is the scan's business
    private @Nullable Digest digestIfUntouched(RelativePath path, Stamp stamp, ByteBuffer buffer) throws IOException {
        try (FileHandle file = root.openRead(path)) {
            if (!file.stamp().isUnchangedSince(stamp)) {
                return null;
            }
            file.forgetCached();
            MessageDigest digester = Digest.digester();
            long at = 0;
            for (int got = file.read(buffer.clear(), at); got > 0 && !isClosed; got = file.read(buffer.clear(), at)) {
                digester.update(buffer.flip());
                at += got;
                bytesRead.addAndGet(got);
            }
            file.forgetCached();
            return !isClosed && file.stamp().isUnchangedSince(stamp) ? Digest.finish(digester) : null;
        }
    }

    private void damaged(Held held, RelativePath path, Digest now) {
        log.atWarn()
                .addKeyValue("path", path)
                .addKeyValue("digest", now)
                .log("a file is damaged on disk though nothing has touched it: it is placed again");
        synchronized (this) {
            if (found.size() < LISTED_MAX) {
                found.add(new Found(held.id(), path));
            }
        }
        rotten.add(held, now);
        place.accept(held.id());
    }

    private synchronized void cannotRead(RelativePath path, IOException refused) {
        if (unreadable.size() < LISTED_MAX) {
            unreadable.add(new Problems.Problem(path, String.valueOf(refused.getMessage())));
        }
    }

    private void awaitRepair() {
        long deadline = System.nanoTime() + REPAIR_PATIENCE.toNanos();
        try {
            while (!isClosed && !progress().isAllRepaired() && System.nanoTime() - deadline < 0) {
                Thread.sleep(LOOK_EVERY);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        isClosed = true;
    }
}
