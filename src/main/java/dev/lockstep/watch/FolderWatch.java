package dev.lockstep.watch;

import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.model.Name;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells of changes in a folder as they happen, as far as the system lets it. Thread-safe.
public interface FolderWatch extends AutoCloseable {
    /// Watches by inotify(7), or where the system has no instance of it left, compares again and again.
    ///
    /// @param barrier a private directory for [#drain], not below the folder
    /// @param marker  a name directly below the root that is not reported
    /// @param sink    called by a thread of the watch; must return at once
    static FolderWatch open(NativeFolderRoot root, Path barrier, Name marker, Consumer<Hint> sink)
            throws FolderException {
        Logger log = LoggerFactory.getLogger(FolderWatch.class);
        try {
            return new InotifyWatcher(root, barrier, marker, sink);
        } catch (FolderException refused) {
            String reason = switch (refused.errno()) {
                case TOO_MANY_OPEN -> "no inotify instance left: raise fs.inotify.max_user_instances (sysctl)";
                case NO_SPACE -> InotifyWatcher.NO_WATCHES;
                default -> throw refused;
            };
            log.atWarn().addKeyValue("reason", reason).log("the folder cannot be watched, it is compared instead");
            return new PollingWatch(reason, sink);
        }
    }

    /// Begins to report. Nothing that happens after the return is missed for longer than until the next comparison.
    void start();

    WatchState state();

    /// Waits for the events that the kernel has queued before the call.
    ///
    /// @return completes once all of them were handed to the sink
    CompletableFuture<Void> drain();

    @Override
    void close();
}
