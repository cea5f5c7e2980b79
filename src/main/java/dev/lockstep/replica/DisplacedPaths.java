package dev.lockstep.replica;

import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.StagedName;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// Notes beside displaced files in the state directory, which say where in the folder each one stood. A note is a
/// symlink: it keeps any path, whole or not at all. Any thread.
final class DisplacedPaths {
    private static final String NOTE = ".at";
    private static final int PATH_BYTES_MAX = 4095;

    private final FolderRoot state;

    DisplacedPaths(FolderRoot state) {
        this.state = state;
    }

    /// Writes the note of a file, unless it has one.
    void note(RelativePath file, RelativePath path) throws IOException {
        Bytes text = path.toBytes();
        if (text.size() > 0 && text.size() <= PATH_BYTES_MAX && state.stat(noteOf(file)) == null) {
            state.symlink(text, noteOf(file));
        }
    }

    /// Where the file stood; null if that is not known.
    @Nullable
    RelativePath of(RelativePath file) throws IOException {
        Stamp note = state.stat(noteOf(file));
        return note == null || note.kind() != Kind.SYMLINK ? null : RelativePath.of(state.readlink(noteOf(file)));
    }

    /// Gives the file another name, and its note with it.
    void rename(RelativePath file, RelativePath to, RelativePath path) throws IOException {
        note(to, path);
        state.rename(file, state, to, RenameMode.NO_REPLACE);
        remove(noteOf(file));
    }

    /// Removes the file and its note.
    void forget(RelativePath file) throws IOException {
        remove(file);
        remove(noteOf(file));
    }

    /// Removes the note of a file that is gone.
    void forgetNote(RelativePath file) throws IOException {
        remove(noteOf(file));
    }

    boolean isNoteWithoutFile(RelativePath note) throws IOException {
        String name = note.name().bytes().toUtf8();
        if (!name.endsWith(NOTE)) {
            return false;
        }
        Name file = Name.of(name.substring(0, name.length() - NOTE.length()));
        return StagedName.parse(file).isPresent() && state.stat(note.parent().child(file)) == null;
    }

    private void remove(RelativePath path) throws IOException {
        try {
            state.unlink(path);
        } catch (FolderException refused) {
            if (refused.errno() != Errno.NOT_FOUND) {
                throw refused;
            }
        }
    }

    private static RelativePath noteOf(RelativePath file) {
        return file.parent().child(Name.of(file.name().bytes().toUtf8() + NOTE));
    }
}
