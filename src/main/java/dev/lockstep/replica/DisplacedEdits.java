package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.content.ContentStore;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.DisplacedFile;
import dev.lockstep.materialize.DisplacedFiles;
import dev.lockstep.materialize.StagedName;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.propose.PendingChange;
import dev.lockstep.propose.Proposer;
import dev.lockstep.scan.FolderScanner;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Local edits whose bytes no longer stand at their path, because placing took the file out at that very moment. Each
/// lies in the state directory under a name that says what it was made on, beside it a note that says where; it is
/// proposed with that base, and goes only when the cluster has decided. What is written to it meanwhile is proposed
/// in turn. Survives the end of the process, see [Leftovers]. Owned by the control loop.
final class DisplacedEdits implements DisplacedFiles {
    private static final long RETRY_NANOS = 100_000_000;
    private static final int BESIDE_MAX = 1000;
    private static final Logger log = LoggerFactory.getLogger(DisplacedEdits.class);

    private final Catalog catalog;
    private final FolderRoot root;
    private final FolderRoot state;
    private final FolderIndex index;
    private final FolderScanner scanner;
    private final Proposer proposer;
    private final ContentService contents;
    private final LocalChanges changes;
    private final Placements placements;
    private final Background background;
    private final Executor loop;
    private final LongSupplier clock;
    private final long incarnation;
    private final DisplacedPaths paths;
    private final DisplacedInodes inodes;
    private final List<Edit> waiting = new ArrayList<>();
    private final IdentityHashMap<PendingChange, Edit> offered = new IdentityHashMap<>();
    private int reading;
    private long count;

    private static final class Edit {
        private final EntryId entry;
        private final Revision base;
        private final RelativePath path;
        private final RelativePath file;
        private final long sequence;
        private long dueNanos;
        private @Nullable Read read;

        private Edit(EntryId entry, Revision base, RelativePath path, RelativePath file, long sequence, long dueNanos) {
            this.entry = entry;
            this.base = base;
            this.path = path;
            this.file = file;
            this.sequence = sequence;
            this.dueNanos = dueNanos;
        }
    }

    /// One state of the file.
    ///
    /// @param bytes if they travel in the proposal; those of other files are staged
    private record Read(Content content, Stamp stamp, Optional<Bytes> bytes) {}

    DisplacedEdits(
            Catalog catalog,
            FolderRoot root,
            FolderRoot state,
            FolderIndex index,
            FolderScanner scanner,
            Proposer proposer,
            ContentService contents,
            LocalChanges changes,
            Placements placements,
            Background background,
            Executor loop,
            LongSupplier clock,
            long incarnation) {
        this.catalog = catalog;
        this.root = root;
        this.state = state;
        this.index = index;
        this.scanner = scanner;
        this.proposer = proposer;
        this.contents = contents;
        this.changes = changes;
        this.placements = placements;
        this.background = background;
        this.loop = loop;
        this.clock = clock;
        this.incarnation = incarnation;
        this.paths = new DisplacedPaths(state);
        this.inodes = new DisplacedInodes(
                state,
                paths,
                contents,
                background,
                loop,
                clock,
                this::proposeLate,
                this::isCurrent,
                changes::lookAtNames);
    }

    // --- what comes in ---

    @Override
    public void keep(DisplacedFile file) {
        inodes.watch(file, changes.nextSequence());
    }

    private boolean isCurrent(DisplacedFile file) {
        Entry live = catalog.read(view -> view.entry(file.entry()));
        return live != null && live.content().equals(file.content());
    }

    private void proposeLate(DisplacedFile file, long sequence) {
        log.atInfo().addKeyValue("path", file.path()).log("a program wrote to a file after it was replaced");
        propose(file.entry(), file.revision(), file.path(), file.staged(), Math.min(sequence, changes.nextSequence()));
    }

    @Override
    public void propose(EntryId entry, Revision base, RelativePath path, RelativePath staged) {
        propose(entry, base, path, staged, changes.nextSequence());
    }

    private void propose(EntryId entry, Revision base, RelativePath path, RelativePath staged, long sequence) {
        try {
            Stamp stamp = state.stat(staged);
            if (stamp == null) {
                throw new IllegalStateException("a displaced file is not where it was put: " + staged);
            }
            if (stamp.kind() == Kind.FILE || stamp.kind() == Kind.SYMLINK) {
                RelativePath file = keepAsEdit(entry, base, path, staged);
                waiting.add(new Edit(entry, base, path, file, sequence, clock.getAsLong()));
            } else {
                putBeside(entry, path, staged);
            }
        } catch (IOException refused) {
            // The name tells all that is needed at the next start.
            log.atError()
                    .addKeyValue("path", path)
                    .addKeyValue("file", staged)
                    .addKeyValue("cause", refused.toString())
                    .log("a displaced edit waits in the state directory for the next start");
        }
    }

    private RelativePath keepAsEdit(EntryId entry, Revision base, RelativePath path, RelativePath staged)
            throws IOException {
        Optional<StagedName> now = StagedName.parse(staged.name());
        if (now.isPresent()
                && now.get().equals(StagedName.edit(entry, base, now.get().unique()))) {
            paths.note(staged, path);
            return staged;
        }
        RelativePath file = file(staged, StagedName.edit(entry, base, nextUnique()));
        paths.rename(staged, file, path);
        return file;
    }

    private StagedName.Unique nextUnique() {
        return new StagedName.Unique(incarnation, ++count);
    }

    private static RelativePath file(RelativePath beside, StagedName name) {
        return beside.parent().child(name.toName());
    }

    /// A directory with all that is in it, or what has no bytes, goes back into the folder: where it belongs, or if
    /// that is taken, under a free name, where it is found as something new.
    private void putBeside(EntryId entry, RelativePath path, RelativePath staged) throws IOException {
        Stamp parent = root.stat(path.parent());
        boolean isThere = parent != null && parent.kind() == Kind.DIRECTORY;
        RelativePath directory = isThere ? path.parent() : RelativePath.ROOT;
        for (int number = isThere ? 0 : 1; ; number++) {
            RelativePath beside = number == 0 ? path : directory.child(Name.of("displaced-" + entry + "-" + number));
            try {
                state.rename(staged, root, beside, RenameMode.NO_REPLACE);
                changes.dirtySubtree(beside);
                return;
            } catch (FolderException refused) {
                if (refused.errno() != Errno.EXISTS || number == BESIDE_MAX) {
                    throw refused;
                }
            }
        }
    }

    // --- what goes out ---

    /// Proposes what can be proposed now, and looks after what programs still have open.
    void step() {
        inodes.step();
        if (!waiting.isEmpty()) {
            long nowNanos = clock.getAsLong();
            for (Edit edit : List.copyOf(waiting)) {
                if (edit.dueNanos - nowNanos <= 0 && isFree(edit)) {
                    waiting.remove(edit);
                    go(edit);
                }
            }
        }
    }

    private boolean isFree(Edit edit) {
        return !proposer.isBusy(edit.path) && proposer.pendingCount() < LocalChanges.PENDING_MAX;
    }

    /// Nanoseconds until [#step] has something to do though nothing happened, [Long#MAX_VALUE] if it has not.
    long restNanos() {
        if (waiting.isEmpty()) {
            return inodes.restNanos();
        }
        long nowNanos = clock.getAsLong();
        return waiting.stream()
                .filter(this::isFree)
                .mapToLong(edit -> Math.max(0, edit.dueNanos - nowNanos))
                .reduce(inodes.restNanos(), Math::min);
    }

    /// What programs still have open is looked at as it is now.
    ///
    /// @param deep also what shows no change
    void allDueNow(boolean deep) {
        inodes.allDueNow(deep, changes.nextSequence());
    }

    private void go(Edit edit) {
        if (edit.read != null) {
            offer(edit, edit.read);
            return;
        }
        reading++;
        background.run(() -> tryToRead(edit.file), read -> wasRead(edit, read));
    }

    private Optional<Read> tryToRead(RelativePath file) {
        try {
            return Optional.ofNullable(read(file));
        } catch (IOException refused) {
            log.atWarn()
                    .addKeyValue("file", file)
                    .addKeyValue("cause", refused.toString())
                    .log("a displaced edit cannot be read now");
            return Optional.empty();
        }
    }

    private void wasRead(Edit edit, Optional<Read> read) {
        reading--;
        edit.read = read.orElse(null);
        if (read.isEmpty()) {
            waitOn(edit);
        } else {
            waiting.add(edit);
        }
    }

    private void waitOn(Edit edit) {
        edit.dueNanos = clock.getAsLong() + RETRY_NANOS;
        waiting.add(edit);
    }

    /// @return null if the file is being written
    private @Nullable Read read(RelativePath file) throws IOException {
        Stamp stamp = state.stat(file);
        if (stamp != null && stamp.kind() == Kind.SYMLINK) {
            return new Read(new Content.Symlink(state.readlink(file)), stamp, Optional.empty());
        }
        try (FileHandle open = state.openRead(file)) {
            Stamp before = open.stamp();
            boolean isSmall = before.sizeBytes() <= FolderReplica.INLINE_BYTES_MAX;
            Optional<Bytes> bytes = isSmall ? Optional.of(bytes(open, before.sizeBytes())) : Optional.empty();
            Digest digest =
                    bytes.isPresent() ? Digest.of(bytes.get()) : ContentStore.digestOf(open, before.sizeBytes());
            Content.File content = new Content.File(digest, before.sizeBytes());
            if (!isSmall) {
                contents.stageCopy(content, file);
            }
            return open.stamp().isUnchangedSince(before) ? new Read(content, before, bytes) : null;
        }
    }

    private static Bytes bytes(FileHandle open, long sizeBytes) throws IOException {
        ByteBuffer target = ByteBuffer.allocate((int) sizeBytes);
        while (target.hasRemaining()) {
            if (open.read(target, target.position()) < 0) {
                throw new IOException("shorter than it was: " + open.path());
            }
        }
        return Bytes.wrap(target.array());
    }

    private void offer(Edit edit, Read read) {
        Change put = new Change.Put(
                scanner.place(edit.path),
                Optional.of(edit.entry),
                edit.base,
                read.content(),
                FolderScanner.attributesOf(read.stamp()));
        PendingChange change =
                new PendingChange(List.of(edit.path), put, Optional.empty(), read.bytes(), edit.sequence);
        offered.put(change, edit);
        if (!(read.content() instanceof Content.File file) || read.bytes().isPresent()) {
            proposer.add(change);
            return;
        }
        proposer.addWaitingForContent(change);
        var _ = contents.makeDurable(file, edit.path, read.stamp())
                .whenComplete((done, failure) -> loop.execute(() -> contentOffered(change, edit, failure)));
    }

    private void contentOffered(PendingChange change, Edit edit, @Nullable Throwable failure) {
        if (failure == null) {
            proposer.contentDurable(change);
        } else {
            proposer.withdraw(change);
            offered.remove(change);
            waitOn(edit);
        }
    }

    // --- what was decided ---

    /// Takes the outcome of one of these edits.
    void decided(PendingChange change, Outcome outcome) {
        Edit edit = offered.remove(change);
        if (edit == null || edit.read == null) {
            throw new IllegalStateException("not a displaced edit: " + change.path());
        }
        switch (outcome) {
            case Outcome.Accepted(EntryId entry, Revision revision) -> settle(edit, edit.read, entry, revision);
            case Outcome.Copied(EntryId copy, Revision revision) -> settle(edit, edit.read, copy, revision);
            case Outcome.Overruled(String _) -> waitOn(edit);
            case Outcome.Refused(String reason) -> changes.unsupported().put(edit.path, reason);
        }
    }

    /// The bytes are that revision of that entry, which placing brings into the folder.
    private void settle(Edit edit, Read read, EntryId entry, Revision revision) {
        placements.enqueue(entry);
        Held held = index.held(entry);
        if (read.bytes().isEmpty()
                && read.content() instanceof Content.File file
                && held != null
                && held.entry().content().equals(file)) {
            contents.release(file);
        }
        try {
            Stamp now = state.stat(edit.file);
            if (now != null && !now.isUnchangedSince(read.stamp())) {
                propose(entry, revision, edit.path, edit.file);
            } else if (now != null && read.content() instanceof Content.File file) {
                watch(edit, entry, revision, file);
            } else {
                paths.forget(edit.file);
            }
        } catch (IOException refused) {
            // Proposed once more after the next start, and found to be known.
            log.atWarn().addKeyValue("cause", refused.toString()).log("a decided edit could not be removed");
        }
    }

    /// A program may still write to it. From now on it is a displaced file of the revision that it became.
    private void watch(Edit edit, EntryId entry, Revision revision, Content.File content) throws IOException {
        StagedName name = StagedName.gone(entry, revision, StagedName.print(content), nextUnique());
        RelativePath file = file(edit.file, name);
        paths.rename(edit.file, file, edit.path);
        DisplacedFile displaced = new DisplacedFile(entry, revision, content, edit.path, file, false);
        inodes.watch(displaced, changes.nextSequence());
    }

    // --- what is known ---

    /// The oldest edit that is not proposed yet, [Long#MAX_VALUE] if there is none.
    long oldestSequence() {
        return reading > 0
                ? Long.MIN_VALUE
                : waiting.stream().mapToLong(edit -> edit.sequence).reduce(inodes.oldestSequence(), Math::min);
    }

    int waitingCount() {
        return waiting.size() + reading + inodes.askedCount();
    }
}
