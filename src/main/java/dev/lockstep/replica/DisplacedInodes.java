package dev.lockstep.replica;

import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.DisplacedFile;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.SequencedSet;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Files that came out of the folder with the bytes of a committed revision. Each is watched until no program has it
/// open for writing and its bytes were found to be that revision: only then it becomes history. What is written to it
/// until then is a local edit of that revision, and the revision is kept again from wherever it stands.
///
/// A file that nobody has open takes one look, off the control loop. Nothing of this is stored: what the end of the
/// process leaves is found by [Leftovers]. Owned by the control loop.
final class DisplacedInodes {
    private static final int LOOKERS_MAX = 2;
    private static final int FILES_PER_LOOK = 64;
    private static final long BYTES_PER_LOOK = 4 << 20;
    private static final long LOOK_FIRST_NANOS = DirtyPaths.SETTLE_NANOS;
    private static final long LOOK_SOON_NANOS = 20_000_000;
    private static final long LOOK_LAST_NANOS = 5_000_000_000L;
    /// Where neither a lease nor /proc tells who writes, a file that does not change for so long is taken as closed.
    private static final long UNKNOWN_NANOS = Duration.ofMinutes(10).toNanos();
    private static final int FETCH_TRIES_MAX = 8;
    private static final long FETCH_AGAIN_NANOS = 1_000_000_000L;
    private static final Logger log = LoggerFactory.getLogger(DisplacedInodes.class);

    private final FolderRoot state;
    private final DisplacedPaths paths;
    private final ContentService contents;
    private final Background background;
    private final Executor loop;
    private final LongSupplier clock;
    private final Late late;
    private final Predicate<DisplacedFile> isCurrent;
    private final Consumer<Stamp> changedNames;

    private final SequencedSet<Inode> watched = new LinkedHashSet<>();
    private final PriorityQueue<Inode> waiting = new PriorityQueue<>((a, b) -> Long.signum(a.dueNanos - b.dueNanos));
    private final Deque<Lost> lost = new ArrayDeque<>();
    private int lookers;

    /// Takes a file that a program has written to after it was displaced.
    @FunctionalInterface
    interface Late {
        /// @param sequence of the hint that is answered by proposing it
        void propose(DisplacedFile file, long sequence);
    }

    /// A revision to be fetched.
    private record Lost(Content.File content, int triesLeft, long dueNanos) {}

    private static final class Inode {
        private final DisplacedFile file;
        /// Whether its revision was made history apart from it.
        private boolean isHistory;
        private boolean isLooking;
        private long dueNanos;
        private long restNanos = LOOK_FIRST_NANOS;
        private @Nullable Stamp seen;
        private @Nullable Stamp right;
        private long changedNanos;
        private boolean mustHash;
        private boolean isDueNow;
        private boolean hasFailed;
        /// Of the first hint that the look at this file answers; [Long#MAX_VALUE] if nobody waits.
        private long asked;

        private Inode(DisplacedFile file, long asked, long nowNanos) {
            this.file = file;
            this.asked = asked;
            this.dueNanos = nowNanos;
            this.changedNanos = nowNanos;
        }
    }

    /// @param isCurrent    whether the entry of a file still has the content that the file had
    /// @param changedNames told of an inode with other names when one of its names came or went
    DisplacedInodes(
            FolderRoot state,
            DisplacedPaths paths,
            ContentService contents,
            Background background,
            Executor loop,
            LongSupplier clock,
            Late late,
            Predicate<DisplacedFile> isCurrent,
            Consumer<Stamp> changedNames) {
        this.state = state;
        this.paths = paths;
        this.contents = contents;
        this.background = background;
        this.loop = loop;
        this.clock = clock;
        this.late = late;
        this.isCurrent = isCurrent;
        this.changedNames = changedNames;
    }

    /// @param sequence a barrier with a higher one waits for the first look
    void watch(DisplacedFile file, long sequence) {
        Inode inode = new Inode(file, sequence, clock.getAsLong());
        watched.add(inode);
        waiting.add(inode);
    }

    /// All are looked at as they are now.
    ///
    /// @param deep     also those whose stamp tells of no change
    /// @param sequence a barrier with a higher one waits for that
    void allDueNow(boolean deep, long sequence) {
        long nowNanos = clock.getAsLong();
        waiting.clear();
        for (Inode inode : watched) {
            inode.asked = Math.min(inode.asked, sequence);
            inode.isDueNow = true;
            inode.mustHash |= deep;
            if (!inode.isLooking) {
                inode.dueNanos = nowNanos;
                waiting.add(inode);
            }
        }
    }

    // --- looking ---

    void step() {
        while (!lost.isEmpty() && lost.element().dueNanos() - clock.getAsLong() <= 0) {
            Lost revision = lost.remove();
            keepAgain(revision.content(), revision.triesLeft());
        }
        while (lookers < LOOKERS_MAX && isAnyDue()) {
            List<Inode> inodes = takeDue();
            List<DisplacedLook> looks = inodes.stream().map(this::look).toList();
            lookers++;
            background.run(
                    () -> looks.stream()
                            .map(look -> look.at(state, paths, contents))
                            .toList(),
                    sights -> seen(inodes, looks, sights));
        }
    }

    private boolean isAnyDue() {
        return !waiting.isEmpty() && waiting.element().dueNanos - clock.getAsLong() <= 0;
    }

    private List<Inode> takeDue() {
        List<Inode> inodes = new ArrayList<>();
        long bytes = 0;
        while (isAnyDue() && inodes.size() < FILES_PER_LOOK && bytes < BYTES_PER_LOOK) {
            Inode inode = waiting.remove();
            inode.isLooking = true;
            bytes += inode.file.content().sizeBytes();
            inodes.add(inode);
        }
        return inodes;
    }

    private DisplacedLook look(Inode inode) {
        boolean isTrusted = clock.getAsLong() - inode.changedNanos > UNKNOWN_NANOS;
        boolean isKept = inode.isHistory || (!inode.file.isOld() && isCurrent.test(inode.file));
        DisplacedLook look = new DisplacedLook(
                inode.file, isKept, inode.seen, inode.right, inode.mustHash, inode.isDueNow, isTrusted);
        inode.mustHash = false;
        inode.isDueNow = false;
        return look;
    }

    private void seen(List<Inode> inodes, List<DisplacedLook> looks, List<DisplacedLook.Sight> sights) {
        lookers--;
        for (int i = 0; i < inodes.size(); i++) {
            seen(inodes.get(i), looks.get(i), sights.get(i));
        }
    }

    private void seen(Inode inode, DisplacedLook look, DisplacedLook.Sight sight) {
        inode.isLooking = false;
        switch (sight) {
            case DisplacedLook.Sight.Gone(Optional<Stamp> otherNames) -> {
                watched.remove(inode);
                otherNames.ifPresent(changedNames);
            }
            case DisplacedLook.Sight.Open(Stamp stamp, boolean isCertain) -> {
                if (inode.right == null && stamp.links() > 1) {
                    changedNames.accept(stamp);
                }
                noteChange(inode, stamp, isCertain);
                inode.isHistory |= !look.isKept();
                inode.right = stamp;
                answered(inode);
                again(inode, Math.min(2 * inode.restNanos, LOOK_LAST_NANOS));
            }
            case DisplacedLook.Sight.Unsettled(Stamp stamp) -> {
                noteChange(inode, stamp, true);
                inode.isDueNow |= look.isDueNow();
                again(inode, LOOK_FIRST_NANOS);
            }
            case DisplacedLook.Sight.Late() -> {
                watched.remove(inode);
                if (!look.isKept()) {
                    keepAgain(inode.file.content(), FETCH_TRIES_MAX);
                }
                late.propose(inode.file, inode.asked);
            }
            case DisplacedLook.Sight.Failed(String cause) -> {
                if (!inode.hasFailed) {
                    log.atWarn()
                            .addKeyValue("path", inode.file.path())
                            .addKeyValue("file", inode.file.staged())
                            .addKeyValue("cause", cause)
                            .log("a displaced file cannot be looked at; it is tried again");
                }
                inode.hasFailed = true;
                answered(inode);
                again(inode, Math.min(2 * inode.restNanos, LOOK_LAST_NANOS));
            }
        }
    }

    private void noteChange(Inode inode, Stamp stamp, boolean isCertain) {
        if (isCertain || inode.seen == null || !stamp.isUnchangedSince(inode.seen)) {
            inode.changedNanos = clock.getAsLong();
        }
        inode.seen = stamp;
    }

    /// Nobody waits any more, unless somebody asked again meanwhile.
    private static void answered(Inode inode) {
        if (!inode.isDueNow) {
            inode.asked = Long.MAX_VALUE;
        }
    }

    private void again(Inode inode, long restNanos) {
        inode.restNanos = restNanos;
        inode.dueNanos = clock.getAsLong() + (inode.isDueNow ? LOOK_SOON_NANOS : restNanos);
        waiting.add(inode);
    }

    /// The revision went with the bytes that were written over it: it is history again once it was found elsewhere,
    /// on this node or another.
    private void keepAgain(Content.File content, int triesLeft) {
        try {
            Bytes inline = contents.local().inline(content.digest());
            if (inline != null) {
                contents.keepHistory(content.digest(), inline);
                return;
            }
        } catch (IOException refused) {
            log.atDebug().addKeyValue("cause", refused.toString()).log("a revision could not be kept from memory");
        }
        var _ = contents.fetch(content)
                .whenComplete((done, failure) -> loop.execute(() -> fetched(content, failure, triesLeft - 1)));
    }

    private void fetched(Content.File content, @Nullable Throwable failure, int triesLeft) {
        try {
            if (failure == null) {
                contents.stagedToHistory(content.digest());
                return;
            }
        } catch (IOException refused) {
            log.atDebug().addKeyValue("cause", refused.toString()).log("a fetched revision stays staged");
            return;
        }
        if (triesLeft == 0) {
            log.atWarn()
                    .addKeyValue("content", content.digest())
                    .log("a program wrote over a displaced revision, and no node has it to be kept again");
        } else {
            lost.addLast(new Lost(content, triesLeft, clock.getAsLong() + FETCH_AGAIN_NANOS));
        }
    }

    // --- what is known ---

    /// Nanoseconds until [#step] has something to do though nothing happened, [Long#MAX_VALUE] if it has not.
    long restNanos() {
        long nowNanos = clock.getAsLong();
        boolean isIdle = waiting.isEmpty() || lookers == LOOKERS_MAX;
        long look = isIdle ? Long.MAX_VALUE : Math.max(0, waiting.element().dueNanos - nowNanos);
        long fetch =
                lost.isEmpty() ? Long.MAX_VALUE : Math.max(0, lost.element().dueNanos() - nowNanos);
        return Math.min(look, fetch);
    }

    /// The oldest hint that a look at one of these still has to answer, [Long#MAX_VALUE] if there is none.
    long oldestSequence() {
        return watched.stream().mapToLong(inode -> inode.asked).min().orElse(Long.MAX_VALUE);
    }

    /// Files that somebody waits for.
    int askedCount() {
        return (int)
                watched.stream().filter(inode -> inode.asked != Long.MAX_VALUE).count();
    }
}
