package dev.lockstep.replica;

import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.RelativePath;
import dev.lockstep.watch.Hint;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes the hints of the watch, by any thread, and makes paths dirty in the control loop. Bounded: what is beyond is
/// dropped, and the whole folder is looked at instead.
final class Hints implements Consumer<Hint> {
    private static final int WAITING_MAX = 200_000;
    private static final Logger log = LoggerFactory.getLogger(Hints.class);

    private final FolderRoot root;
    private final LocalChanges changes;
    private final DeletionGuard guard;
    private final RulesInForce ignored;
    private final Executor loop;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicBoolean areSomeMissing = new AtomicBoolean();

    Hints(FolderRoot root, LocalChanges changes, DeletionGuard guard, RulesInForce ignored, Executor loop) {
        this.root = root;
        this.changes = changes;
        this.guard = guard;
        this.ignored = ignored;
        this.loop = loop;
    }

    @Override
    public void accept(Hint hint) {
        if (waiting.incrementAndGet() > WAITING_MAX) {
            waiting.decrementAndGet();
            missHint();
            return;
        }
        loop.execute(() -> {
            waiting.decrementAndGet();
            take(hint);
        });
    }

    /// Beyond the bound hints are dropped and everything is looked at instead, once the loop gets there.
    private void missHint() {
        if (areSomeMissing.compareAndSet(false, true)) {
            loop.execute(() -> {
                areSomeMissing.set(false);
                changes.dirtySubtree(RelativePath.ROOT);
            });
        }
    }

    private void take(Hint hint) {
        switch (hint) {
            case Hint.Dirty(RelativePath path, Hint.Cause cause) -> dirty(path, cause);
            case Hint.DirtySubtree(RelativePath path) -> changes.dirtySubtree(path);
            case Hint.Moved(RelativePath from, RelativePath to) -> {
                if (to.equals(RulesInForce.PATH)) {
                    ignored.lookAtDisk();
                }
                changes.dirty(from);
                changes.dirtySubtree(to);
            }
            case Hint.EverythingDirty(String reason) -> {
                log.atWarn().addKeyValue("reason", reason).log("watching missed events, the folder is rescanned");
                changes.dirtySubtree(RelativePath.ROOT);
            }
            case Hint.Unwatched() -> changes.scanFolder();
            case Hint.RootGone(String reason) -> {
                log.atError().addKeyValue("reason", reason).log("the folder is not in its place any more");
                boolean _ = guard.mayDelete();
            }
        }
    }

    private void dirty(RelativePath path, Hint.Cause cause) {
        if (path.equals(RulesInForce.PATH)) {
            // What comes after the rules is to be judged by them.
            ignored.lookAtDisk();
        }
        switch (cause) {
            case MODIFIED -> changes.dirtyWhenSettled(path);
            case CREATED -> {
                if (isBeingWritten(path)) {
                    changes.dirtyWhenSettled(path);
                } else {
                    changes.dirty(path);
                }
            }
            case CLOSED -> changes.dirtyWritten(path);
            case DELETED, ATTRIBUTES, MOVED_IN, MOVED_OUT -> changes.dirty(path);
        }
    }

    /// A file that was just made is still open in its program, unless it is another name of a file that was
    /// there.
    private boolean isBeingWritten(RelativePath path) {
        try {
            Stamp stamp = root.stat(path);
            return stamp != null && stamp.kind() == Kind.FILE && stamp.links() == 1;
        } catch (IOException unreadable) {
            return false;
        }
    }
}
