package dev.lockstep.folder;

import dev.lockstep.model.Name;
import java.util.List;

/// The way from a root descriptor down to an entry, on which no symlink is followed and nothing outside is
/// reached. With openat2(2) the kernel walks as far as one call can name; without it each component is opened
/// by itself.
final class Descent {
    private final boolean isKernelWalking;

    private Descent(boolean isKernelWalking) {
        this.isKernelWalking = isKernelWalking;
    }

    /// Asks the kernel what it can do.
    static Descent on(Scratch scratch, int root) {
        int probe = NativeCalls.openBeneath(scratch, root, scratch.put(List.of(), 0, 0), OpenFlags.PLACE_DIRECTORY, 0);
        if (probe >= 0) {
            NativeCalls.close(scratch, probe);
        }
        return new Descent(probe >= 0);
    }

    static Descent componentWise() {
        return new Descent(false);
    }

    /// Opens `names` below `root`; no names mean the root itself.
    ///
    /// @param flags contain [OpenFlags#NO_FOLLOW]
    /// @return a descriptor, or a negated errno
    int open(Scratch scratch, int root, List<Name> names, int flags, int mode) {
        int place = root;
        int done = 0;
        while (true) {
            int end = isKernelWalking ? Scratch.chunkEnd(names, done) : Math.min(done + 1, names.size());
            boolean isLast = end == names.size();
            int stepFlags = isLast ? flags : OpenFlags.PLACE_DIRECTORY;
            int next = step(scratch, place, scratch.put(names, done, end), stepFlags, isLast ? mode : 0);
            if (place != root) {
                NativeCalls.close(scratch, place);
            }
            if (isLast || next < 0) {
                return next;
            }
            place = next;
            done = end;
        }
    }

    private int step(Scratch scratch, int place, long path, int flags, int mode) {
        return isKernelWalking
                ? NativeCalls.openBeneath(scratch, place, path, flags, mode)
                : NativeCalls.openat(scratch, place, path, flags, mode);
    }
}
