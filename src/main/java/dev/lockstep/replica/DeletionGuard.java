package dev.lockstep.replica;

import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Says whether what is missing may be taken as deleted: only while the folder is provably the one it always
/// was. Changed by
/// the control loop; the reason is read by any thread.
final class DeletionGuard {
    /// The marker at the folder's root; never replicated.
    static final Name MARKER = Name.of(".lockstep");

    private static final RelativePath MARKER_PATH = RelativePath.ROOT.child(MARKER);
    private static final long GONE_SUSPICIOUS = 100;

    private final FolderRoot root;
    private volatile @Nullable String haltReason;
    private boolean isMassDeletionAllowed;

    DeletionGuard(FolderRoot root) {
        this.root = root;
    }

    /// Why no deletion is proposed now, null if deletions are proposed.
    @Nullable
    String haltReason() {
        return haltReason;
    }

    /// An administrator has looked and said go on.
    void resume() {
        isMassDeletionAllowed = true;
        haltReason = null;
    }

    /// @param goneByScan  entries that a start or periodic scan found missing, 0 for what was seen as it
    ///     happened
    /// @param entriesHeld entries that the folder index has
    boolean mayDelete(long goneByScan, long entriesHeld) {
        String doubt = identityDoubt();
        if (doubt == null && goneByScan > GONE_SUSPICIOUS && goneByScan > entriesHeld / 2 && !isMassDeletionAllowed) {
            doubt = goneByScan + " of " + entriesHeld
                    + " entries are missing; if they were deleted on purpose: lockstep resume --deletions";
        }
        if (doubt == null && goneByScan > 0) {
            isMassDeletionAllowed = false;
        }
        haltReason = doubt;
        return doubt == null;
    }

    private @Nullable String identityDoubt() {
        try {
            if (!root.isInPlace()) {
                return "the folder is not in its place any more (renamed, unmounted or replaced): " + root.location();
            }
            Stamp marker = root.stat(MARKER_PATH);
            return marker == null || marker.kind() != Kind.FILE ? "the folder's marker .lockstep is missing" : null;
        } catch (IOException unreadable) {
            return "the folder cannot be read: " + unreadable.getMessage();
        }
    }
}
