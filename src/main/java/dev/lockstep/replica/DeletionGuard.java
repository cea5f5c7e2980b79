package dev.lockstep.replica;

import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Says whether what is missing may be taken as deleted: only while the folder is provably the one it always was, and
/// a scan has not found so much missing that somebody had better look. Changed by the control loop; the reason is read
/// by any thread.
final class DeletionGuard {
    /// The marker at the folder's root; never replicated.
    static final Name MARKER = Name.of(".lockstep");

    private static final RelativePath MARKER_PATH = RelativePath.ROOT.child(MARKER);
    private static final long GONE_SUSPICIOUS = 100;

    private final FolderRoot root;
    private volatile @Nullable String haltReason;
    /// What the last scan found missing, if it was too much. Lasts until an administrator or another scan says better.
    private @Nullable String massDoubt;
    private boolean isMassDeletionAllowed;

    DeletionGuard(FolderRoot root) {
        this.root = root;
    }

    /// Why no deletion is proposed now, null if deletions are proposed.
    @Nullable
    String haltReason() {
        return haltReason;
    }

    /// An administrator has looked and said go on: what the next scan finds missing is deleted, however much it is.
    void resume() {
        isMassDeletionAllowed = true;
        massDoubt = null;
    }

    /// A start or periodic scan has gone through the folder.
    ///
    /// @param gone entries that it found missing, with all below them
    /// @param held entries that the folder index has
    void scanned(long gone, long held) {
        boolean isMass = gone > GONE_SUSPICIOUS && gone * 2 > held;
        massDoubt = isMass && !isMassDeletionAllowed
                ? gone + " of " + held
                        + " entries are missing; if they were deleted on purpose: lockstep resume --deletions"
                : null;
        isMassDeletionAllowed = false;
        look();
    }

    /// Looks whether the folder is still the one it was. To be asked before and after something is found missing.
    boolean mayDelete() {
        look();
        return haltReason == null;
    }

    private void look() {
        String doubt = identityDoubt();
        haltReason = doubt == null ? massDoubt : doubt;
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
