package dev.lockstep.watch;

import dev.lockstep.folder.DirectoryHandle;
import dev.lockstep.folder.DirectoryItem;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.Inotify;
import dev.lockstep.folder.Inotify.Event;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.watch.Hint.Cause;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Watches a whole folder by inotify(7). One thread reads and decodes; it never hashes and never waits for
/// its sink.
///
/// A new directory is watched first and listed second, so that nothing put into it in between is missed. The
/// two halves of a
/// rename are paired by their cookie; a half whose other one does not come within a few milliseconds crossed
/// the folder's border. If reading fails, all is watched anew and compared.
public final class InotifyWatcher implements FolderWatch {
    static final String NO_WATCHES = "no inotify watches left: raise fs.inotify.max_user_watches (sysctl)";

    private static final long PAIRING_NANOS = 4_000_000;
    private static final long RETRY_NANOS = 60_000_000_000L;
    private static final int CLOSE_MILLIS_MAX = 2_000;
    private static final Logger log = LoggerFactory.getLogger(InotifyWatcher.class);

    private final NativeFolderRoot root;
    private final Path barrier;
    private final Name marker;
    private final Consumer<Hint> sink;
    private final Thread reader;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final Map<String, CompletableFuture<Void>> drains = new ConcurrentHashMap<>();
    private final AtomicLong drainCount = new AtomicLong();
    private final Map<Integer, MovedFrom> halves = new LinkedHashMap<>();
    private volatile @Nullable String degraded;
    private volatile int directories;
    private volatile Attached at;
    private long retryAtNanos;
    private long restartedNanos = System.nanoTime() - RETRY_NANOS;

    /// One instance of inotify and what it watches.
    private record Attached(Inotify inotify, WatchTree tree, int barrierWatch) {}

    private record MovedFrom(RelativePath path, boolean isDirectory) {}

    /// @param barrier a private directory for [#drain], not below the folder
    /// @param marker  a name directly below the root that is not reported
    /// @param sink    called by the reader thread; must return at once
    /// @throws FolderException if the kernel has no inotify instance or no watch left even for the root
    public InotifyWatcher(NativeFolderRoot root, Path barrier, Name marker, Consumer<Hint> sink)
            throws FolderException {
        this.root = root;
        this.barrier = barrier;
        this.marker = marker;
        this.sink = sink;
        this.at = attach(root, barrier);
        this.reader = Thread.ofPlatform().name("inotify").daemon(true).unstarted(this::run);
    }

    private static Attached attach(NativeFolderRoot root, Path barrier) throws FolderException {
        Inotify inotify = Inotify.open();
        try (DirectoryHandle top = root.openDirectory(RelativePath.ROOT)) {
            WatchTree tree = new WatchTree(inotify.addWatch(top));
            return new Attached(inotify, tree, inotify.addWatch(barrier));
        } catch (FolderException refused) {
            inotify.close();
            throw refused;
        }
    }

    /// Watches every directory that is there, then begins to report. Nothing that happens after the return is
    /// missed.
    @Override
    public void start() {
        watchBelow(RelativePath.ROOT);
        reader.start();
    }

    @Override
    public WatchState state() {
        return new WatchState(directories, degraded);
    }

    /// Waits for the events that the kernel has queued before the call.
    ///
    /// @return completes once all of them were handed to the sink
    @Override
    public CompletableFuture<Void> drain() {
        String name = "drain-" + drainCount.incrementAndGet();
        CompletableFuture<Void> drained = new CompletableFuture<>();
        drains.put(name, drained);
        try {
            Path cookie = Files.createFile(barrier.resolve(name));
            Files.delete(cookie);
        } catch (IOException failure) {
            drains.remove(name);
            drained.completeExceptionally(failure);
        }
        return drained;
    }

    // --- reading ---

    private void run() {
        while (!isClosed()) {
            try {
                List<Event> events = at.inotify().read(waitNanos());
                List<Hint> hints = new ArrayList<>();
                events.forEach(event -> take(event, hints));
                if (events.isEmpty()) {
                    crossedBorder(hints);
                }
                hints.forEach(sink);
                directories = at.tree().size();
                retryIfDegraded();
            } catch (FolderException | RuntimeException failure) {
                if (!isClosed()) {
                    log.atError().setCause(failure).log("watching failed, it begins anew");
                    degrade("reading events failed: " + failure.getMessage());
                    restart();
                }
            }
        }
    }

    private boolean isClosed() {
        return closing.getCount() == 0;
    }

    /// At once the first time; what fails again and again is tried now and then, and comparing finds the changes.
    private void restart() {
        try {
            long sinceNanos = System.nanoTime() - restartedNanos;
            if (sinceNanos < RETRY_NANOS && closing.await(RETRY_NANOS - sinceNanos, TimeUnit.NANOSECONDS)) {
                return;
            }
            restartedNanos = System.nanoTime();
            attachAgain();
            halves.clear();
            degraded = null;
            watchBelow(RelativePath.ROOT);
        } catch (FolderException refused) {
            degrade("watching cannot begin anew: " + refused.getMessage());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        // All that is waited for is among what this makes known.
        List<String> waiting = List.copyOf(drains.keySet());
        sink.accept(new Hint.Unwatched());
        waiting.forEach(name -> complete(drains.remove(name)));
    }

    private synchronized void attachAgain() throws FolderException {
        Attached fresh = attach(root, barrier);
        at.inotify().close();
        at = fresh;
    }

    private synchronized void wake() {
        at.inotify().wake();
    }

    private static void complete(@Nullable CompletableFuture<Void> drain) {
        if (drain != null) {
            drain.complete(null);
        }
    }

    private long waitNanos() {
        if (!halves.isEmpty()) {
            return PAIRING_NANOS;
        }
        return degraded == null ? 0 : RETRY_NANOS;
    }

    private void retryIfDegraded() {
        if (degraded != null && System.nanoTime() - retryAtNanos > 0) {
            degraded = null;
            watchBelow(RelativePath.ROOT);
            sink.accept(new Hint.Unwatched());
        }
    }

    private void take(Event event, List<Hint> hints) {
        if (event.is(Inotify.OVERFLOW)) {
            watchBelow(RelativePath.ROOT);
            hints.add(new Hint.EverythingDirty("the kernel's event queue overflowed"));
        } else if (event.watch() == at.barrierWatch()) {
            if (event.is(Inotify.DELETE)) {
                drained(event, hints);
            }
        } else if (event.is(Inotify.IGNORED)) {
            at.tree().dropped(event.watch());
        } else if (event.name().size() == 0) {
            ofDirectoryItself(event, hints);
        } else {
            RelativePath directory = at.tree().path(event.watch());
            if (directory != null && !(directory.isRoot() && event.name().equals(marker.bytes()))) {
                named(event, directory.child(new Name(event.name())), hints);
            }
        }
    }

    private void drained(Event event, List<Hint> hints) {
        CompletableFuture<Void> drain = drains.remove(event.name().toUtf8());
        if (drain != null) {
            crossedBorder(hints);
            hints.forEach(sink);
            hints.clear();
            drain.complete(null);
        }
    }

    private void ofDirectoryItself(Event event, List<Hint> hints) {
        boolean isRoot = event.watch() == at.tree().rootWatch();
        if (isRoot && event.is(Inotify.DELETE_SELF | Inotify.MOVE_SELF | Inotify.UNMOUNT)) {
            hints.add(new Hint.RootGone("renamed, deleted or unmounted"));
        }
    }

    private void named(Event event, RelativePath path, List<Hint> hints) {
        boolean isDirectory = event.is(Inotify.IS_DIRECTORY);
        if (event.is(Inotify.MOVED_FROM)) {
            halves.put(event.cookie(), new MovedFrom(path, isDirectory));
        } else if (event.is(Inotify.MOVED_TO)) {
            movedTo(event, path, isDirectory, hints);
        } else if (event.is(Inotify.CREATE) && isDirectory) {
            appeared(path, hints);
        } else if (event.is(Inotify.CREATE)) {
            add(hints, path, Cause.CREATED);
        } else if (event.is(Inotify.DELETE)) {
            add(hints, path, Cause.DELETED);
        } else if (event.is(Inotify.CLOSE_WRITE)) {
            add(hints, path, Cause.CLOSED);
        } else if (event.is(Inotify.MODIFY)) {
            add(hints, path, Cause.MODIFIED);
        } else if (event.is(Inotify.ATTRIB)) {
            add(hints, path, Cause.ATTRIBUTES);
        }
    }

    private static void add(List<Hint> hints, RelativePath path, Cause cause) {
        Hint hint = new Hint.Dirty(path, cause);
        // A program that writes in small pieces makes the same event many times over.
        if (hints.isEmpty() || !hints.getLast().equals(hint)) {
            hints.add(hint);
        }
    }

    private void movedTo(Event event, RelativePath to, boolean isDirectory, List<Hint> hints) {
        MovedFrom from = halves.remove(event.cookie());
        if (from == null) {
            if (isDirectory) {
                appeared(to, hints);
            } else {
                add(hints, to, Cause.MOVED_IN);
            }
            return;
        }
        if (isDirectory && !at.tree().move(from.path(), to)) {
            watchBelow(to);
        }
        hints.add(new Hint.Moved(from.path(), to));
    }

    private void appeared(RelativePath path, List<Hint> hints) {
        watchBelow(path);
        hints.add(new Hint.DirtySubtree(path));
    }

    /// The halves of renames whose other half is outside the folder.
    private void crossedBorder(List<Hint> hints) {
        for (MovedFrom from : halves.values()) {
            if (from.isDirectory()) {
                at.tree().remove(from.path()).forEach(at.inotify()::removeWatch);
            }
            add(hints, from.path(), Cause.MOVED_OUT);
        }
        halves.clear();
    }

    // --- watching ---

    private void watchBelow(RelativePath top) {
        Deque<RelativePath> open = new ArrayDeque<>();
        open.add(top);
        while (!open.isEmpty()) {
            RelativePath directory = open.removeLast();
            try (DirectoryHandle handle = root.openDirectory(directory)) {
                int watch = at.inotify().addWatch(handle);
                if (!directory.isRoot()) {
                    at.tree().put(directory, watch);
                }
                for (DirectoryItem item : handle.list()) {
                    if (item.isNameable() && isDirectory(directory, item)) {
                        open.addLast(directory.child(item.name()));
                    }
                }
            } catch (FolderException refused) {
                refused(directory, refused);
            }
        }
        directories = at.tree().size();
    }

    private boolean isDirectory(RelativePath directory, DirectoryItem item) throws FolderException {
        if (item.kind() != null) {
            return item.kind() == Kind.DIRECTORY;
        }
        Stamp stamp = root.stat(directory.child(item.name()));
        return stamp != null && stamp.kind() == Kind.DIRECTORY;
    }

    private void refused(RelativePath directory, FolderException refused) {
        if (refused.errno() == Errno.NO_SPACE) {
            degrade(NO_WATCHES);
        } else if (refused.errno() != Errno.NOT_FOUND
                && refused.errno() != Errno.NOT_DIRECTORY
                && refused.errno() != Errno.LOOP) {
            degrade("a directory cannot be watched: " + directory + ": " + refused.getMessage());
        }
    }

    private void degrade(String reason) {
        if (degraded == null) {
            log.atWarn().addKeyValue("reason", reason).log("watching is degraded, rescans find what it misses");
        }
        degraded = reason;
        retryAtNanos = System.nanoTime() + RETRY_NANOS;
    }

    @Override
    public void close() {
        closing.countDown();
        wake();
        try {
            reader.join(CLOSE_MILLIS_MAX);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        at.inotify().close();
    }
}
