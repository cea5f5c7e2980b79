package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.DirectoryItem;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.DisplacedFile;
import dev.lockstep.materialize.StagedName;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the end of the process left between the folder and the state directory. Bytes that are those of a committed
/// revision go where such bytes belong; all others are an edit that was displaced at that very moment, and is
/// proposed. Owned by the control loop, and gone through before it looks at the folder.
final class Leftovers {
    private static final Logger log = LoggerFactory.getLogger(Leftovers.class);

    private final FolderRoot folder;
    private final FolderRoot state;
    private final RelativePath staged;
    private final FolderIndex index;
    private final Catalog catalog;
    private final ContentService contents;
    private final DisplacedEdits displaced;
    private final DisplacedPaths paths;
    private boolean mayBeTorn;

    /// What a leftover's bytes are.
    enum Verdict {
        /// The revision that was to be placed: committed, and maybe nowhere else on this node.
        PLACED,
        /// The revision that stood in the folder: it has become history.
        BASE,
        /// Part of a revision that was to be placed.
        TORN,
        /// What a program wrote.
        EDIT
    }

    Leftovers(
            FolderRoot folder,
            FolderRoot state,
            RelativePath staged,
            FolderIndex index,
            Catalog catalog,
            ContentService contents,
            DisplacedEdits displaced) {
        this.folder = folder;
        this.state = state;
        this.staged = staged;
        this.index = index;
        this.catalog = catalog;
        this.contents = contents;
        this.displaced = displaced;
        this.paths = new DisplacedPaths(state);
    }

    /// @param print of the file's content now, see [StagedName#print]
    static Verdict judge(StagedName name, String print) {
        if (name.use() == StagedName.Use.EDIT) {
            return Verdict.EDIT;
        }
        if (print.equals(name.placed())) {
            return Verdict.PLACED;
        }
        if (print.equals(name.expected())) {
            return Verdict.BASE;
        }
        // For a free place nothing is exchanged, so nothing of the folder can have come out.
        boolean isOurs = name.use() == StagedName.Use.PLACE && name.expected().equals(StagedName.NOTHING);
        return isOurs ? Verdict.TORN : Verdict.EDIT;
    }

    /// @throws IOException if the directory cannot be listed; what is wrong with one file holds up no other
    /// @param isAfterPowerLoss whether bytes that are neither revision may be part of one
    void settle(boolean isAfterPowerLoss) throws IOException {
        mayBeTorn = isAfterPowerLoss;
        for (DirectoryItem item : state.list(staged)) {
            if (!item.isNameable()) {
                continue;
            }
            RelativePath file = staged.child(item.name());
            try {
                StagedName name = StagedName.parse(item.name()).orElse(null);
                if (name != null) {
                    settle(name, file);
                } else if (paths.isNoteWithoutFile(file)) {
                    state.unlink(file);
                }
            } catch (IOException refused) {
                log.atWarn()
                        .addKeyValue("file", file)
                        .addKeyValue("cause", refused.toString())
                        .log("a leftover could not be looked at; it stays where it is");
            }
        }
    }

    private void settle(StagedName name, RelativePath file) throws IOException {
        Stamp stamp = state.stat(file);
        if (stamp == null) {
            return;
        }
        Content content = content(file, stamp);
        switch (content == null ? Verdict.EDIT : judge(name, StagedName.print(content))) {
            case PLACED -> restage(name, content, file);
            case BASE -> {
                forgetIfTakenOut(name);
                keep(name.entry(), name.base(), content, file);
            }
            case TORN -> state.unlink(file);
            case EDIT -> {
                if (isTorn(name, file, content)) {
                    keep(name.entry(), name.base(), content, file);
                    return;
                }
                RelativePath path = path(name.entry(), file);
                log.atInfo().addKeyValue("path", path).log("an edit that was displaced before the end is proposed");
                displaced.propose(name.entry(), name.base(), path, file);
            }
        }
    }

    /// What was on its way to another place in the folder is not there because of this node, and is no deletion: it is
    /// placed anew.
    private void forgetIfTakenOut(StagedName name) throws IOException {
        Held held = index.held(name.entry());
        if (name.use() != StagedName.Use.GONE || held == null || catalog.read(view -> view.entry(held.id())) == null) {
            return;
        }
        RelativePath path = index.path(held.id());
        if (held.entry().revision().equals(name.base()) && (path == null || isMissing(path))) {
            index.remove(held.id());
        }
    }

    private boolean isMissing(RelativePath path) throws IOException {
        try {
            return folder.stat(path) == null;
        } catch (FolderException refused) {
            // A parent that is a file or a symlink holds no entries of this folder.
            if (refused.errno() == Errno.LOOP || refused.errno() == Errno.NOT_DIRECTORY) {
                return true;
            }
            throw refused;
        }
    }

    /// Whether a power loss left part of a revision: what was displaced, or was to be placed.
    private boolean isTorn(StagedName name, RelativePath file, @Nullable Content content) throws IOException {
        if (!mayBeTorn || name.use() == StagedName.Use.EDIT || !(content instanceof Content.File)) {
            return false;
        }
        for (String print : List.of(name.placed(), name.expected())) {
            if (print.startsWith("f") && contents.isTornLeftover(file, Digest.parse(print.substring(1)))) {
                return true;
            }
        }
        return false;
    }

    /// @return null for what has no bytes of its own
    private @Nullable Content content(RelativePath file, Stamp stamp) throws IOException {
        if (stamp.kind() == Kind.SYMLINK) {
            return new Content.Symlink(state.readlink(file));
        }
        if (stamp.kind() != Kind.FILE) {
            return null;
        }
        try (var open = state.openRead(file)) {
            Digest digest = ContentStore.digestOf(open, stamp.sizeBytes());
            return new Content.File(digest, stamp.sizeBytes());
        }
    }

    private void restage(StagedName name, @Nullable Content content, RelativePath file) throws IOException {
        if (content instanceof Content.File whole && !isWritable(file)) {
            contents.restage(whole.digest(), file);
        } else {
            // It has stood in the folder, and a program there has it open.
            keep(name.entry(), name.revision(), content, file);
        }
    }

    private boolean isWritable(RelativePath file) throws IOException {
        try (var open = state.openRead(file)) {
            return open.stamp().links() > 1 || open.hasOpenWriters();
        } catch (FolderException refused) {
            return true;
        }
    }

    private void keep(EntryId entry, Revision revision, @Nullable Content content, RelativePath file)
            throws IOException {
        if (content instanceof Content.File whole) {
            displaced.keep(new DisplacedFile(entry, revision, whole, path(entry, file), file, true));
        } else {
            state.unlink(file);
        }
    }

    private RelativePath path(EntryId entry, RelativePath file) throws IOException {
        RelativePath noted = paths.of(file);
        RelativePath path = noted != null ? noted : index.path(entry);
        path = path != null ? path : catalog.read(view -> view.path(entry));
        return path != null ? path : RelativePath.ROOT.child(Name.of("displaced-" + entry));
    }
}
