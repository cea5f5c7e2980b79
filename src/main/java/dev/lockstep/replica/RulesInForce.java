package dev.lockstep.replica;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.IgnoreRules;
import dev.lockstep.folder.IgnoredPaths;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The ignore rules that hold in this folder: those that the catalog has, as far as the log was handled here, and
/// those that stand in the folder. As long as the two differ, because an edit of the rules is on its way in or out, a
/// path is ignored if either says so. Changed by the control loop; asked by any thread.
final class RulesInForce implements IgnoredPaths {
    static final RelativePath PATH = RelativePath.ROOT.child(IgnoreRules.FILE);

    /// How long to rest while the rules are not known.
    static final long LOOK_AGAIN_NANOS = Duration.ofMillis(20).toNanos();

    private static final long FETCH_AFTER_NANOS = Duration.ofMillis(50).toNanos();
    private static final long FETCH_AGAIN_NANOS = Duration.ofSeconds(1).toNanos();
    private static final Duration RELEASE_AFTER_FETCH = Duration.ofMinutes(1);
    private static final Logger log = LoggerFactory.getLogger(RulesInForce.class);

    private final Catalog catalog;
    private final FolderRoot root;
    private final FolderRoot state;
    private final RelativePath part;
    private final ContentService contents;
    private final Executor loop;
    private final LongSupplier clock;
    private final Problems problems = new Problems();
    private final Runnable changed;

    private volatile IgnoreRules onDisk = IgnoreRules.NONE;
    private volatile IgnoreRules committed = IgnoreRules.NONE;
    private Optional<Content.File> committedFile = Optional.empty();
    /// Has, or had last, the name of the rules.
    private @Nullable EntryId entryId;
    /// What [#onDisk] was made of, null if there was too much.
    private @Nullable Bytes diskText = Bytes.EMPTY;
    /// What the catalog says and this node has no bytes of.
    private Content.@Nullable File missing;
    private long fetchAtNanos;
    private long releaseFromNanos;
    private boolean isFetching;

    /// @param staged  the directory in `state` for contents about to be used
    /// @param changed told when a path may have become ignored, or no longer be
    RulesInForce(
            Catalog catalog,
            FolderRoot root,
            FolderRoot state,
            RelativePath staged,
            ContentService contents,
            Executor loop,
            LongSupplier clock,
            Runnable changed) {
        this.catalog = catalog;
        this.root = root;
        this.state = state;
        this.part = staged.child(Name.of("rules.part-"));
        this.contents = contents;
        this.loop = loop;
        this.clock = clock;
        this.releaseFromNanos = clock.getAsLong();
        this.changed = changed;
    }

    @Override
    public boolean isAny() {
        return onDisk.isAny() || committed.isAny();
    }

    @Override
    public boolean isIgnored(RelativePath path, boolean isDirectory) {
        return committed.isIgnored(path, isDirectory) || onDisk.isIgnored(path, isDirectory);
    }

    /// Whether the rules say so that all nodes have agreed on.
    boolean isIgnoredEverywhere(RelativePath path, boolean isDirectory) {
        return committed.isIgnored(path, isDirectory);
    }

    /// The file of the rules that [#isIgnoredEverywhere] goes by, null without one.
    Content.@Nullable File committedFile() {
        return committedFile.orElse(null);
    }

    /// What is wrong with the rules, under their path.
    Problems problems() {
        return problems;
    }

    /// Whether this node is to see to it that what became ignored leaves the catalog.
    boolean isReleaseDue() {
        return clock.getAsLong() - releaseFromNanos >= 0;
    }

    // --- in the folder ---

    /// Takes the rules that stand in the folder now. The bytes are read whatever the stamp says: a program that saves
    /// twice within one tick of the file system's clock leaves it as it was.
    void lookAtDisk() {
        try {
            Stamp stamp = root.stat(PATH);
            takeFromDisk(stamp == null || stamp.kind() != Kind.FILE ? Bytes.EMPTY : readFromDisk());
        } catch (IOException unreadable) {
            // What held goes on to hold; the scan lists the file.
            log.atDebug().addKeyValue("cause", unreadable.toString()).log("ignore rules cannot be read");
        }
    }

    /// The folder agrees with the catalog on an entry. If that is the rules, no event may tell of it.
    void placed(EntryId id) {
        if (id.equals(entryId)) {
            lookAtDisk();
        }
    }

    private @Nullable Bytes readFromDisk() throws IOException {
        try (FileHandle file = root.openRead(PATH)) {
            return read(file, file.stamp().sizeBytes());
        }
    }

    /// @return null if there is more than rules may have
    private static @Nullable Bytes read(FileHandle file, long sizeBytes) throws IOException {
        if (sizeBytes > IgnoreRules.BYTES_MAX) {
            return null;
        }
        ByteBuffer text = ByteBuffer.allocate((int) sizeBytes);
        while (text.hasRemaining() && file.read(text, text.position()) > 0) {
            // A file that shrinks meanwhile is read again.
        }
        return Bytes.copyOf(text.flip());
    }

    private static IgnoreRules rulesOf(@Nullable Bytes text) {
        return text == null ? IgnoreRules.tooLarge() : IgnoreRules.parse(text);
    }

    private void takeFromDisk(@Nullable Bytes text) {
        if (Objects.equals(text, diskText)) {
            return;
        }
        diskText = text;
        IgnoreRules rules = rulesOf(text);
        boolean isNews = onDisk.isAny() || rules.isAny();
        onDisk = rules;
        tellProblems(rules);
        if (isNews) {
            changed.run();
        }
    }

    private void tellProblems(IgnoreRules rules) {
        problems.clear(PATH);
        if (!rules.problems().isEmpty()) {
            problems.put(PATH, String.join("; ", rules.problems()));
        }
    }

    // --- in the catalog ---

    /// Takes the rules that the catalog has now.
    ///
    /// @param releaseAfter if they are new, how long this node lets another one release what they ignore
    void lookAtCatalog(Duration releaseAfter) {
        Entry entry = catalog.read(view -> view.child(EntryId.ROOT, IgnoreRules.FILE));
        entryId = entry == null ? entryId : entry.id();
        Content.File file = entry != null && entry.content() instanceof Content.File isFile ? isFile : null;
        if (Optional.ofNullable(file).equals(committedFile)) {
            missing = null;
            return;
        }
        IgnoreRules rules = file == null ? IgnoreRules.NONE : rulesOf(file);
        if (rules == null) {
            if (!Optional.ofNullable(file).equals(Optional.ofNullable(missing))) {
                fetchAtNanos = clock.getAsLong() + FETCH_AFTER_NANOS;
            }
            missing = file;
            return;
        }
        missing = null;
        releaseFromNanos = clock.getAsLong() + releaseAfter.toNanos();
        committedFile = Optional.ofNullable(file);
        committed = rules;
        tellProblems(rules);
        changed.run();
    }

    private @Nullable IgnoreRules rulesOf(Content.File file) {
        if (file.sizeBytes() > IgnoreRules.BYTES_MAX) {
            return IgnoreRules.tooLarge();
        }
        Bytes inline = contents.local().inline(file.digest());
        return inline != null ? IgnoreRules.parse(inline) : rulesFromStore(file);
    }

    private @Nullable IgnoreRules rulesFromStore(Content.File file) {
        try {
            dropPart();
            try (FileHandle copy = state.createExclusive(part, 0600)) {
                return contents.local().copyTo(file, copy) ? rulesOf(read(copy, file.sizeBytes())) : null;
            } finally {
                dropPart();
            }
        } catch (IOException failed) {
            log.atWarn().addKeyValue("cause", failed.toString()).log("ignore rules cannot be read yet");
            return null;
        }
    }

    private void dropPart() throws FolderException {
        if (state.stat(part) != null) {
            state.unlink(part);
        }
    }

    /// Whether the rules of the catalog are known. If not, nothing may be proposed or placed, and they are fetched.
    boolean areKnown() {
        if (missing == null) {
            return true;
        }
        lookAtCatalog(RELEASE_AFTER_FETCH);
        Content.File wanted = missing;
        if (wanted != null && !isFetching && clock.getAsLong() - fetchAtNanos > 0) {
            isFetching = true;
            var _ = contents.fetch(wanted).whenComplete((done, failure) -> loop.execute(this::fetched));
        }
        return missing == null;
    }

    private void fetched() {
        isFetching = false;
        fetchAtNanos = clock.getAsLong() + FETCH_AGAIN_NANOS;
    }
}
