package dev.lockstep.replica;

import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.DisplacedFile;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One look at a displaced file: whether a program has it open for writing, and whether it still holds its revision.
/// Made by any thread.
///
/// @param file      what it is
/// @param isKept    whether its revision stands on this node without it
/// @param seen      its stamp at the last look, null if this is the first
/// @param right     the stamp it had when its bytes were last found to be its revision; null if they never were
/// @param mustHash  whether to read it though its stamp is `right`
/// @param isDueNow  whether somebody waits: what is still being written is taken as it is now
/// @param isTrusted whether nobody is taken to write to it though that cannot be found out
record DisplacedLook(
        DisplacedFile file,
        boolean isKept,
        @Nullable Stamp seen,
        @Nullable Stamp right,
        boolean mustHash,
        boolean isDueNow,
        boolean isTrusted) {

    /// What was seen.
    sealed interface Sight {
        /// The file is gone, its revision kept.
        ///
        /// @param otherNames the stamp of an inode that has other names
        record Gone(Optional<Stamp> otherNames) implements Sight {}

        /// It holds its revision, which stands on this node without it too; it may still be written to.
        ///
        /// @param isCertain whether some program is known to have it open
        record Open(Stamp stamp, boolean isCertain) implements Sight {}

        /// It changes.
        record Unsettled(Stamp stamp) implements Sight {}

        /// A program wrote to it.
        record Late() implements Sight {}

        record Failed(String cause) implements Sight {}
    }

    private enum Writers {
        NONE,
        SOME,
        UNKNOWN
    }

    Sight at(FolderRoot state, DisplacedPaths paths, ContentService contents) {
        try (FileHandle open = open(state)) {
            return look(open, paths, contents);
        } catch (FolderException refused) {
            return refused.errno() == Errno.NOT_FOUND ? new Sight.Gone(Optional.empty()) : failed(refused);
        } catch (IOException refused) {
            return failed(refused);
        }
    }

    private static Sight failed(IOException cause) {
        return new Sight.Failed(cause.toString());
    }

    private FileHandle open(FolderRoot state) throws IOException {
        try {
            return state.openRead(file.staged());
        } catch (FolderException refused) {
            Stamp stamp = refused.errno() == Errno.PERMISSION ? state.stat(file.staged()) : null;
            if (stamp == null || stamp.links() > 1) {
                throw refused;
            }
            state.chmod(file.staged(), (stamp.mode() & 0777) | 0400);
            return state.openRead(file.staged());
        }
    }

    private Sight look(FileHandle open, DisplacedPaths paths, ContentService contents) throws IOException {
        Writers writers = writers(open);
        Stamp before = open.stamp();
        boolean isKnown = isKept && right != null && before.isUnchangedSince(right) && !mustHash;
        if (isKnown && writers != Writers.NONE) {
            return new Sight.Open(before, writers == Writers.SOME);
        }
        if (writers != Writers.NONE) {
            open.exposeMappedWrites();
            before = open.stamp();
        }
        boolean isRight = before.sizeBytes() == file.content().sizeBytes()
                && ContentStore.digestOf(open, before.sizeBytes())
                        .equals(file.content().digest());
        Stamp after = open.stamp();
        if (!after.isUnchangedSince(before)) {
            return new Sight.Unsettled(after);
        }
        if (!isRight) {
            boolean isSettled = writers == Writers.NONE || isDueNow || (seen != null && before.isUnchangedSince(seen));
            return isSettled ? new Sight.Late() : new Sight.Unsettled(before);
        }
        // Who opened it since the first question may have written after it was read.
        return keep(before, writers == Writers.NONE ? writers(open) : writers, paths, contents);
    }

    private Sight keep(Stamp stamp, Writers writers, DisplacedPaths paths, ContentService contents) throws IOException {
        boolean mayMove = writers == Writers.NONE && stamp.links() == 1;
        if (!isKept && mayMove) {
            contents.keepDisplaced(file.content().digest(), file.staged());
            paths.forgetNote(file.staged());
            return new Sight.Gone(Optional.empty());
        }
        if (!isKept) {
            contents.copyToHistory(file.content(), file.staged());
        }
        if (writers == Writers.NONE) {
            paths.forget(file.staged());
            return new Sight.Gone(stamp.links() > 1 ? Optional.of(stamp) : Optional.empty());
        }
        paths.note(file.staged(), file.path());
        return new Sight.Open(stamp, writers == Writers.SOME);
    }

    private Writers writers(FileHandle open) throws IOException {
        try {
            return open.hasOpenWriters() ? Writers.SOME : Writers.NONE;
        } catch (FolderException refused) {
            return switch (refused.errno()) {
                case PERMISSION, UNSUPPORTED -> isTrusted ? Writers.NONE : Writers.UNKNOWN;
                default -> throw refused;
            };
        }
    }
}
