package dev.lockstep.content;

import dev.lockstep.failpoint.FailPoint;
import dev.lockstep.folder.DirectoryItem;
import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Held;
import dev.lockstep.folder.RenameMode;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Retention;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The contents of this node, each once: staged, history, or standing in the folder. Thread-safe.
public final class ContentStore {
    public static final RelativePath STAGED = RelativePath.ROOT.child(Name.of("staged"));
    public static final RelativePath HISTORY = RelativePath.ROOT.child(Name.of("history"));

    private static final int CANDIDATES_MAX = 8;
    private static final int CHECKED_MAX = 20_000;
    private static final Logger log = LoggerFactory.getLogger(ContentStore.class);
    private static final int COPY_BUFFER_BYTES = 1 << 16;
    private static final int COMPARE_BYTES = 1 << 16;
    private static final String PART = ".part-";
    private static final Pattern DIGEST = Pattern.compile("01[0-9a-f]{64}");
    /// What just became history may be what a proposal under way counts on: it is not pruned yet.
    private static final long FRESH_NANOS = Duration.ofMinutes(1).toNanos();

    private final FolderRoot state;
    private final FolderRoot folder;
    private final FolderIndex index;
    private final AtomicLong parts = new AtomicLong();
    /// With the stamps that staged and historic contents had when they were known to be whole.
    private final Map<Digest, Stamp> checked = new ConcurrentHashMap<>();

    private final Map<Digest, Offered> offered = new ConcurrentHashMap<>();

    /// History that was found damaged since somebody last asked.
    private final Set<Digest> lost = ConcurrentHashMap.newKeySet();

    private record Offered(RelativePath path, Stamp stamp) {}

    /// @param state  the state directory, with [#STAGED] and [#HISTORY] in it
    /// @param folder on the same file system as `state`
    public ContentStore(FolderRoot state, FolderRoot folder, FolderIndex index) {
        this.state = state;
        this.folder = folder;
        this.index = index;
    }

    /// Says where a content stands that is in no index yet, because its change is on the way.
    ///
    /// @param stamp what stands at the path is this content only as long as it has this stamp
    public void offer(Digest digest, RelativePath path, Stamp stamp) {
        offered.put(digest, new Offered(path, stamp));
    }

    public void withdraw(Digest digest) {
        offered.remove(digest);
    }

    // --- staged ---

    public boolean hasStaged(Digest digest) throws IOException {
        return isKept(stagedPath(digest), digest);
    }

    /// Whether a staged or historic content is there, and whole. It is read when it is met for the first time since the
    /// start or its stamp has changed; what is not what it is named for is removed, and got again from others.
    private boolean isKept(RelativePath path, Digest digest) throws IOException {
        Stamp stamp = state.stat(path);
        if (stamp == null) {
            return false;
        }
        Stamp before = checked.get(digest);
        if (before != null && stamp.isUnchangedSince(before)) {
            return true;
        }
        if (!isRight(path, digest)) {
            log.atError()
                    .addKeyValue("file", state.location().resolve(path.toString()))
                    .log("damaged on this disk: removed, to be got from another node when it is needed");
            unlinkIfThere(path);
            if (path.parent().equals(HISTORY)) {
                lost.add(digest);
            }
            return false;
        }
        remember(digest, stamp);
        return true;
    }

    private void remember(Digest digest, @Nullable Stamp stamp) {
        if (checked.size() >= CHECKED_MAX) {
            checked.clear();
        }
        if (stamp != null) {
            checked.put(digest, stamp);
        }
    }

    /// Keeps small bytes as staged content; durable after the next sync of the file system.
    public void stage(Digest digest, Bytes content) throws IOException {
        if (hasStaged(digest)) {
            return;
        }
        RelativePath part = partPath(digest);
        try (FileHandle file = state.createExclusive(part, 0600)) {
            file.write(content.buffer(), 0);
        }
        state.rename(part, state, stagedPath(digest), RenameMode.REPLACE);
        remember(digest, state.stat(stagedPath(digest)));
    }

    /// Begins to receive a content in order.
    public Receiver receive(Content.File content) throws IOException {
        return receive(content, stagedPath(content.digest()));
    }

    private Receiver receive(Content.File content, RelativePath target) throws IOException {
        RelativePath part = partPath(content.digest());
        return new Receiver(
                state,
                state.createExclusive(part, 0600),
                part,
                target,
                content,
                () -> remember(content.digest(), state.stat(target)));
    }

    /// Makes a durable copy of a content that stands in the folder, where a user may overwrite it at any
    /// moment, or in history, where it may be pruned.
    ///
    /// @throws IOException if it stands nowhere on this node any more
    public void stagePrivately(Content.File content) throws IOException {
        if (hasStaged(content.digest())) {
            return;
        }
        try (OpenContent source = open(content.digest())) {
            if (source == null) {
                throw new IOException("content is not on this node: " + content.digest());
            }
            stageFrom(content, source);
        }
    }

    /// Makes a durable copy of a content from another file of the state directory.
    ///
    /// @throws IOException if the file is not that content
    public void stageCopy(Content.File content, RelativePath source) throws IOException {
        if (hasStaged(content.digest())) {
            return;
        }
        try (OpenContent open = new OpenContent(state.openRead(source), content.sizeBytes(), null)) {
            stageFrom(content, open);
        }
    }

    private void stageFrom(Content.File content, OpenContent source) throws IOException {
        try (Receiver receiver = receive(content)) {
            copy(source, receiver);
        }
    }

    private static void copy(OpenContent source, Receiver receiver) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(Math.clamp(source.sizeBytes(), 1, COPY_BUFFER_BYTES));
        for (long at = 0; at < source.sizeBytes(); at += buffer.limit()) {
            source.read(buffer.clear(), at);
            receiver.write(buffer.flip());
        }
        receiver.finish();
    }

    /// Moves a staged content to a free name in the state directory.
    ///
    /// @return whether there was one
    public boolean takeStaged(Digest digest, RelativePath target) throws IOException {
        if (!hasStaged(digest)) {
            return false;
        }
        try {
            state.rename(stagedPath(digest), state, target, RenameMode.NO_REPLACE);
            return true;
        } catch (FolderException refused) {
            if (refused.errno() == Errno.NOT_FOUND) {
                return false;
            }
            throw refused;
        }
    }

    /// Takes a file of the state directory, which holds that content, to the staged ones.
    public void restage(Digest digest, RelativePath source) throws IOException {
        state.chmod(source, 0600);
        state.rename(source, state, stagedPath(digest), RenameMode.REPLACE);
    }

    public void dropStaged(Digest digest) throws IOException {
        unlinkIfThere(stagedPath(digest));
    }

    /// The folder takes a staged copy's place; if the content does not stand there any more, the copy becomes history.
    public void settle(Digest digest) throws IOException {
        if (standsInFolder(digest)) {
            dropStaged(digest);
        } else {
            stagedToHistory(digest);
        }
    }

    // --- history ---

    /// Keeps small bytes as history.
    public void keepHistory(Digest digest, Bytes content) throws IOException {
        if (state.stat(historyPath(digest)) != null) {
            return;
        }
        RelativePath part = partPath(digest);
        try (FileHandle file = state.createExclusive(part, 0600)) {
            file.write(content.buffer(), 0);
        }
        FailPoint.reach("history.written");
        state.rename(part, state, historyPath(digest), RenameMode.REPLACE);
    }

    /// Moves a file of the state directory into history.
    ///
    /// @param displaced holds that content, has no other name and is open for writing nowhere; gone on return
    public void keepDisplaced(Digest digest, RelativePath displaced) throws IOException {
        if (state.stat(historyPath(digest)) == null) {
            state.rename(displaced, state, historyPath(digest), RenameMode.REPLACE);
        } else {
            unlinkIfThere(displaced);
        }
    }

    /// Copies a file of the state directory into history; durable on return.
    ///
    /// @throws IOException if it is not that content
    public void copyToHistory(Content.File content, RelativePath source) throws IOException {
        if (state.stat(historyPath(content.digest())) != null) {
            return;
        }
        try (OpenContent open = new OpenContent(state.openRead(source), content.sizeBytes(), null);
                Receiver receiver = receiveHistory(content)) {
            copy(open, receiver);
        }
    }

    /// Makes a staged content history, if there is one: its revision gave way before it was placed.
    public void stagedToHistory(Digest digest) throws IOException {
        try {
            state.rename(stagedPath(digest), state, historyPath(digest), RenameMode.REPLACE);
        } catch (FolderException refused) {
            if (refused.errno() != Errno.NOT_FOUND) {
                throw refused;
            }
        }
    }

    /// Takes what history has lost by damage since the last call.
    public Set<Digest> takeLost() {
        Set<Digest> taken = Set.copyOf(lost);
        lost.removeAll(taken);
        return taken;
    }

    /// Whether [#takeLost] has something to give.
    public boolean hasLost() {
        return !lost.isEmpty();
    }

    /// Begins to receive a content in order that becomes history.
    public Receiver receiveHistory(Content.File content) throws IOException {
        return receive(content, historyPath(content.digest()));
    }

    /// Removes the contents that have been history for longest, beyond what is to be kept.
    ///
    /// @param nowNanos nanoseconds since 1970
    /// @param isNeeded whether a content must stay, because an entry is still to be placed with it
    /// @param limit    removes at most so many
    public HistoryUse pruneHistory(Retention retention, long nowNanos, Predicate<Digest> isNeeded, int limit)
            throws IOException {
        List<Kept> kept = kept();
        long bytes = kept.stream().mapToLong(Kept::sizeBytes).sum();
        long count = kept.size();
        int removed = 0;
        for (Kept oldest : kept) {
            long ageNanos = nowNanos - oldest.sinceNanos();
            boolean isOld = Duration.ofNanos(ageNanos).compareTo(retention.age()) > 0;
            boolean isWithin = !isOld && bytes <= retention.bytesMax() && count <= retention.countMax();
            if (isWithin || ageNanos < FRESH_NANOS) {
                return new HistoryUse(count, bytes, false);
            }
            if (removed == limit) {
                return new HistoryUse(count, bytes, true);
            }
            if (!isNeeded.test(oldest.digest())) {
                unlinkIfThere(historyPath(oldest.digest()));
                bytes -= oldest.sizeBytes();
                count--;
                removed++;
            }
        }
        return new HistoryUse(count, bytes, false);
    }

    private record Kept(Digest digest, long sizeBytes, long sinceNanos) {}

    /// The oldest first.
    private List<Kept> kept() throws IOException {
        List<Kept> kept = new ArrayList<>();
        for (DirectoryItem item : state.list(HISTORY)) {
            Stamp stamp = state.stat(HISTORY.child(item.name()));
            if (stamp != null && DIGEST.matcher(item.name().toString()).matches()) {
                Digest digest = Digest.parse(item.name().toString());
                kept.add(new Kept(digest, stamp.sizeBytes(), stamp.ctimeNanos()));
            }
        }
        kept.sort(Comparator.comparingLong(Kept::sinceNanos));
        return kept;
    }

    // --- reading ---

    /// Opens a content wherever it stands on this node.
    ///
    /// @return null if it stands nowhere
    public @Nullable OpenContent open(Digest digest) throws IOException {
        for (RelativePath kept : List.of(stagedPath(digest), historyPath(digest))) {
            if (isKept(kept, digest)) {
                FileHandle file = state.openRead(kept);
                return new OpenContent(file, file.stamp().sizeBytes(), null);
            }
        }
        Offered own = offered.get(digest);
        OpenContent pending = own == null ? null : openAt(own.path(), own.stamp());
        if (pending != null) {
            return pending;
        }
        for (Held held : index.byContent(digest, CANDIDATES_MAX)) {
            OpenContent open = openHeld(held);
            if (open != null) {
                return open;
            }
        }
        return null;
    }

    /// Whether a content stands anywhere on this node, as far as sizes and times tell.
    public boolean stands(Digest digest) throws IOException {
        if (state.stat(historyPath(digest)) != null || state.stat(stagedPath(digest)) != null) {
            return true;
        }
        // Between the two looks it may have been displaced.
        return standsInFolder(digest) || state.stat(historyPath(digest)) != null;
    }

    private boolean standsInFolder(Digest digest) throws IOException {
        for (Held held : index.byContent(digest, CANDIDATES_MAX)) {
            RelativePath path = index.path(held.id());
            Stamp stamp = path == null ? null : folder.stat(path);
            if (stamp != null && stamp.isUnchangedSince(held.stamp())) {
                return true;
            }
        }
        return false;
    }

    /// Whether a content can be opened anywhere on this node.
    public boolean has(Digest digest) throws IOException {
        try (OpenContent content = open(digest)) {
            return content != null;
        }
    }

    /// As [#open], having read all of it and found it right.
    ///
    /// @return null if it stands nowhere on this node as it should
    public @Nullable OpenContent openVerified(Content.File content) throws IOException {
        OpenContent open = open(content.digest());
        if (open == null) {
            return null;
        }
        boolean isRight = false;
        try {
            isRight = open.sizeBytes() == content.sizeBytes() && open.digest().equals(content.digest());
            return isRight ? open : null;
        } finally {
            if (!isRight) {
                open.close();
            }
        }
    }

    /// Begins to receive a content in order that is to be read once and kept by no name.
    public Receiver receiveUnnamed(Content.File content) throws IOException {
        RelativePath part = partPath(content.digest());
        return new Receiver(state, state.createExclusive(part, 0600), part, part, content, () -> {});
    }

    /// Whether a staged or historic content, or one in the folder, is as it should be.
    public boolean isWhole(Content.File content) throws IOException {
        try (OpenContent open = openVerified(content)) {
            return open != null;
        }
    }

    /// Whether a file is what a power loss may leave of a content: no longer, and each byte that of the content or
    /// zero.
    public static boolean isTornCopy(FileHandle file, Bytes whole) throws IOException {
        return isTornCopy(file, whole.size(), (target, offset) -> {
            int size = (int) Math.min(target.remaining(), whole.size() - offset);
            target.put(whole.buffer().slice((int) offset, size));
        });
    }

    public static boolean isTornCopy(FileHandle file, OpenContent whole) throws IOException {
        return isTornCopy(file, whole.sizeBytes(), whole::read);
    }

    @FunctionalInterface
    private interface Source {
        void read(ByteBuffer target, long offset) throws IOException;
    }

    private static boolean isTornCopy(FileHandle file, long wholeBytes, Source whole) throws IOException {
        long sizeBytes = file.stamp().sizeBytes();
        if (sizeBytes > wholeBytes) {
            return false;
        }
        ByteBuffer there = ByteBuffer.allocate(COMPARE_BYTES);
        ByteBuffer expected = ByteBuffer.allocate(COMPARE_BYTES);
        for (long at = 0; at < sizeBytes; at += there.limit()) {
            if (file.read(there.clear(), at) <= 0) {
                return false;
            }
            there.flip();
            whole.read(expected.clear().limit(there.limit()), at);
            for (int i = 0; i < there.limit(); i++) {
                if (there.get(i) != 0 && there.get(i) != expected.get(i)) {
                    return false;
                }
            }
        }
        return true;
    }

    private @Nullable OpenContent openHeld(Held held) throws IOException {
        RelativePath path = index.path(held.id());
        return path == null ? null : openAt(path, held.stamp());
    }

    private @Nullable OpenContent openAt(RelativePath path, Stamp stamp) throws IOException {
        try {
            FileHandle file = folder.openRead(path);
            if (file.stamp().isUnchangedSince(stamp)) {
                return new OpenContent(file, stamp.sizeBytes(), stamp);
            }
            file.close();
            return null;
        } catch (FolderException gone) {
            return null;
        }
    }

    /// Copies a content into an empty file, and makes sure that it is that content.
    ///
    /// @return false if it does not stand on this node, or not as it should
    public boolean copyTo(Content.File content, FileHandle target) throws IOException {
        try (OpenContent source = open(content.digest())) {
            if (source == null || source.sizeBytes() != content.sizeBytes()) {
                return false;
            }
            source.copyTo(target);
        }
        return digestOf(target, content.sizeBytes()).equals(content.digest());
    }

    /// Reads a file once and hashes it.
    public static Digest digestOf(FileHandle file, long sizeBytes) throws IOException {
        MessageDigest digester = Digest.digester();
        ByteBuffer buffer = ByteBuffer.allocate(Math.clamp(sizeBytes, 1, COPY_BUFFER_BYTES));
        long at = 0;
        while (at < sizeBytes) {
            int got = file.read(buffer.clear(), at);
            if (got < 0) {
                break;
            }
            digester.update(buffer.flip());
            at += got;
        }
        return Digest.finish(digester);
    }

    // --- leftovers ---

    /// Removes what a kill left half-received. What may hold a user's bytes is left.
    public void removeParts() throws IOException {
        for (DirectoryItem item : state.list(STAGED)) {
            if (item.name().bytes().toUtf8().contains(PART)) {
                unlinkIfThere(STAGED.child(item.name()));
            }
        }
    }

    /// Removes staged and historic files that are not the content they are named for, among those that changed since:
    /// after a power loss what was not durable may be there in part.
    ///
    /// @param sinceNanos nanoseconds since 1970
    /// @return how many were removed
    public int removeTorn(long sinceNanos) throws IOException {
        int removed = 0;
        for (RelativePath directory : List.of(STAGED, HISTORY)) {
            for (DirectoryItem item : state.list(directory)) {
                RelativePath path = directory.child(item.name());
                Stamp stamp = state.stat(path);
                boolean isContent = DIGEST.matcher(item.name().toString()).matches();
                if (stamp != null
                        && isContent
                        && stamp.ctimeNanos() >= sinceNanos
                        && !isRight(path, Digest.parse(item.name().toString()))) {
                    unlinkIfThere(path);
                    removed++;
                }
            }
        }
        return removed;
    }

    private boolean isRight(RelativePath path, Digest digest) throws IOException {
        try (FileHandle file = state.openRead(path)) {
            return digestOf(file, file.stamp().sizeBytes()).equals(digest);
        }
    }

    private void unlinkIfThere(RelativePath path) throws IOException {
        try {
            state.unlink(path);
        } catch (FolderException refused) {
            if (refused.errno() != Errno.NOT_FOUND) {
                throw refused;
            }
        }
    }

    private static RelativePath stagedPath(Digest digest) {
        return STAGED.child(Name.of(digest.toString()));
    }

    private static RelativePath historyPath(Digest digest) {
        return HISTORY.child(Name.of(digest.toString()));
    }

    private RelativePath partPath(Digest digest) {
        return STAGED.child(Name.of(digest + PART + parts.incrementAndGet()));
    }
}
