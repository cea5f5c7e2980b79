package dev.lockstep.node;

import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Puts a folder's marker back when it vanishes while the same directory stays in its place: someone has emptied the
/// folder, and meant its files. In any other directory that stands there now it writes nothing. Looks by a thread of
/// its own once started.
final class MarkerKeeper implements AutoCloseable {
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration CLOSE_WAIT = Duration.ofSeconds(1);
    private static final RelativePath MARKER = RelativePath.ROOT.child(Name.of(FolderMarker.NAME));
    private static final RelativePath STAGED = RelativePath.ROOT.child(Name.of(FolderMarker.STAGED));
    private static final Logger log = LoggerFactory.getLogger(MarkerKeeper.class);

    private final FolderMarker marker;
    private final FolderRoot folder;
    private final FolderRoot state;
    private final DurableFiles files;
    private final Thread looking = Thread.ofVirtual().name("marker").unstarted(this::keepLooking);
    private boolean isWarned;

    /// @param state on the folder's file system
    MarkerKeeper(FolderMarker marker, FolderRoot folder, FolderRoot state, DurableFiles files) {
        this.marker = marker;
        this.folder = folder;
        this.state = state;
        this.files = files;
    }

    void start() {
        looking.start();
    }

    private void keepLooking() {
        try {
            while (true) {
                Thread.sleep(LOOK_EVERY);
                tryToLook();
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void tryToLook() {
        try {
            look();
            isWarned = false;
        } catch (IOException failed) {
            if (!isWarned) {
                log.atWarn().addKeyValue("cause", failed.getMessage()).log("cannot look after the folder's marker");
            }
            isWarned = true;
        }
    }

    void look() throws IOException {
        if (folder.stat(MARKER) != null || !folder.isInPlace()) {
            return;
        }
        marker.stage(files, state.location());
        state.rename(STAGED, folder, MARKER, RenameMode.NO_REPLACE);
        folder.fsyncDirectory(RelativePath.ROOT);
        log.atWarn().addKeyValue("folder", folder.location()).log("the folder's marker was removed and is back");
    }

    @Override
    public void close() {
        if (looking.getState() == Thread.State.NEW) {
            return;
        }
        looking.interrupt();
        try {
            looking.join(CLOSE_WAIT);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
