package dev.lockstep.materialize;

import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
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
    private long count;

    Staging(FolderRoot state, RelativePath directory, LocalContents contents) {
        this.state = state;
        this.directory = directory;
        this.contents = contents;
    }

    FolderRoot state() {
        return state;
    }

    /// @param path  in the state directory
    /// @param stamp with the size and mtime that the placed file must still have
    record Staged(RelativePath path, Stamp stamp) {}

    /// @param base the revision that stands in the folder, [Revision#NONE] if none
    /// @return null if the content is not on this node
    @Nullable
    Staged stage(Entry entry, Revision base) throws IOException {
        RelativePath path = free("place-" + entry.id() + "-" + base + "-" + entry.revision());
        return switch (entry.content()) {
            case Content.File file -> stageFile(entry, file, path);
            case Content.Symlink link -> stageSymlink(entry, link, path);
            case Content.Directory directory -> throw new IllegalArgumentException("directories are not staged");
        };
    }

    /// A free name for something displaced from the folder.
    RelativePath free(String name) {
        return directory.child(Name.of(name + "-" + ++count));
    }

    private @Nullable Staged stageFile(Entry entry, Content.File file, RelativePath path) throws IOException {
        Bytes inline = contents.inline(file.digest());
        if (inline == null && contents.takeStaged(file, state, path)) {
            state.chmod(path, entry.attributes().mode());
            state.setMtime(path, entry.attributes().mtimeNanos());
            return new Staged(path, stamp(path));
        }
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
            return new Staged(path, target.stamp());
        } finally {
            if (!isWritten) {
                state.unlink(path);
            }
        }
    }

    private Staged stageSymlink(Entry entry, Content.Symlink link, RelativePath path) throws IOException {
        state.symlink(link.target(), path);
        state.setMtime(path, entry.attributes().mtimeNanos());
        return new Staged(path, stamp(path));
    }

    private Stamp stamp(RelativePath path) throws IOException {
        Stamp stamp = state.stat(path);
        if (stamp == null) {
            throw new IOException("staged file vanished: " + state.location() + "/" + path);
        }
        return stamp;
    }

    void discard(RelativePath path) throws IOException {
        state.unlink(path);
    }
}
