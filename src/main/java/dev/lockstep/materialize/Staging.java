package dev.lockstep.materialize;

import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Puts down the next revision of an entry, whole, invisible and with its attributes, on the folder's own
/// file system, so
/// that placing it is one rename. Owned by the control loop.
final class Staging {
    private final FolderRoot state;
    private final RelativePath directory;
    private final LocalContents contents;
    private final long incarnation;
    private long count;

    /// @param incarnation of this node: names never repeat, whatever a kill left behind
    Staging(FolderRoot state, RelativePath directory, LocalContents contents, long incarnation) {
        this.state = state;
        this.directory = directory;
        this.contents = contents;
        this.incarnation = incarnation;
    }

    FolderRoot state() {
        return state;
    }

    /// @param path    in the state directory
    /// @param stamp   with the size and mtime that the placed file must still have
    /// @param isTaken whether it was a staged content, which stands nowhere else on this node
    record Staged(RelativePath path, Stamp stamp, boolean isTaken) {}

    /// Whether staging it costs little, and takes nothing away that others may look for.
    boolean isAtHand(Content content) {
        return !(content instanceof Content.File file) || contents.inline(file.digest()) != null;
    }

    /// For a free place: nothing of the folder ever comes out under this name.
    ///
    /// @return null if the content is not on this node
    @Nullable
    Staged stage(Entry entry) throws IOException {
        return stage(entry, Revision.NONE, StagedName.NOTHING);
    }

    /// To be exchanged with what stands in the folder.
    ///
    /// @param old what stands there
    /// @return null if the content is not on this node
    @Nullable
    Staged stageFor(Entry entry, Entry old) throws IOException {
        return stage(entry, old.revision(), StagedName.print(old.content()));
    }

    private @Nullable Staged stage(Entry entry, Revision base, String expected) throws IOException {
        String placed = StagedName.print(entry.content());
        RelativePath path = path(StagedName.place(entry.id(), base, expected, entry.revision(), placed, nextUnique()));
        return switch (entry.content()) {
            case Content.File file -> stageFile(entry, file, path, base);
            case Content.Symlink link -> stageSymlink(entry, link, path);
            case Content.Directory directory -> throw new IllegalArgumentException("directories are not staged");
        };
    }

    /// A free name for what a deletion takes out of the folder.
    RelativePath gone(Entry old) {
        return path(StagedName.gone(old.id(), old.revision(), StagedName.print(old.content()), nextUnique()));
    }

    /// A free name for a directory that another one is to go into.
    RelativePath parked(Entry outer) {
        return path(StagedName.place(
                outer.id(),
                Revision.NONE,
                StagedName.NOTHING,
                outer.revision(),
                StagedName.print(outer.content()),
                nextUnique()));
    }

    private StagedName.Unique nextUnique() {
        return new StagedName.Unique(incarnation, ++count);
    }

    private RelativePath path(StagedName name) {
        return directory.child(name.toName());
    }

    private @Nullable Staged stageFile(Entry entry, Content.File file, RelativePath path, Revision base)
            throws IOException {
        Bytes inline = contents.inline(file.digest());
        if (inline == null && contents.takeStaged(file, state, path)) {
            state.chmod(path, entry.attributes().mode());
            state.setMtime(path, entry.attributes().mtimeNanos());
            return new Staged(path, stamp(path), true);
        }
        // Under a name that may come to bear a user's bytes, our own bytes are whole from the beginning.
        boolean isForFreePlace = base.equals(Revision.NONE);
        RelativePath part = isForFreePlace ? path : directory.child(Name.of("place.part-" + incarnation + "." + count));
        Stamp stamp = write(entry, file, inline, part);
        if (stamp != null && !isForFreePlace) {
            state.rename(part, state, path, RenameMode.NO_REPLACE);
            FailPoint.pass("staging.named");
        }
        return stamp == null ? null : new Staged(path, stamp, false);
    }

    private @Nullable Stamp write(Entry entry, Content.File file, @Nullable Bytes inline, RelativePath path)
            throws IOException {
        boolean isWritten = false;
        try (FileHandle target = state.createExclusive(path, 0600)) {
            if (inline != null) {
                target.write(inline.buffer(), 0);
            } else if (!contents.copyTo(file, target)) {
                return null;
            }
            target.setMode(entry.attributes().mode());
            target.setMtime(entry.attributes().mtimeNanos());
            isWritten = true;
            FailPoint.pass("staging.written");
            return target.stamp();
        } finally {
            if (!isWritten) {
                state.unlink(path);
            }
        }
    }

    private Staged stageSymlink(Entry entry, Content.Symlink link, RelativePath path) throws IOException {
        state.symlink(link.target(), path);
        state.setMtime(path, entry.attributes().mtimeNanos());
        return new Staged(path, stamp(path), false);
    }

    private Stamp stamp(RelativePath path) throws IOException {
        Stamp stamp = state.stat(path);
        if (stamp == null) {
            throw new IOException("staged file vanished: " + state.location() + "/" + path);
        }
        return stamp;
    }

    /// It could not be placed, and has never stood in the folder.
    void giveBack(Content content, Staged staged) throws IOException {
        if (content instanceof Content.File file && staged.isTaken()) {
            contents.giveBackStaged(file, staged.path());
        } else {
            discard(staged.path());
        }
    }

    void discard(RelativePath path) throws IOException {
        state.unlink(path);
    }
}
