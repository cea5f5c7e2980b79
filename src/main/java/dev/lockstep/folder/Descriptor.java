package dev.lockstep.folder;

import java.util.concurrent.atomic.AtomicInteger;

/// A descriptor that is closed only when nobody uses it any more: a number closed too early could mean another
/// file by the time it is used. Any thread.
final class Descriptor {
    private final int number;
    private final String what;
    private final ScratchPool scratches;
    private final AtomicInteger users = new AtomicInteger(1);
    private final AtomicInteger owners = new AtomicInteger(1);

    /// @param what names the open thing in messages
    Descriptor(int number, String what, ScratchPool scratches) {
        this.number = number;
        this.what = what;
        this.scratches = scratches;
    }

    /// Every call is followed by one [#release].
    ///
    /// @throws IllegalStateException after [#close]
    int acquire() {
        int count;
        do {
            count = users.get();
            if (count == 0 || owners.getPlain() == 0) {
                throw new IllegalStateException("closed: " + what);
            }
        } while (!users.compareAndSet(count, count + 1));
        return number;
    }

    /// The number, between [#acquire] and [#release].
    int held() {
        return number;
    }

    void release() {
        if (users.decrementAndGet() == 0) {
            Scratch scratch = scratches.take();
            NativeCalls.close(scratch, number);
            scratches.give(scratch);
        }
    }

    /// Closes once the last user has released it. A second call does nothing.
    void close() {
        if (owners.getAndSet(0) == 1) {
            release();
        }
    }

    @Override
    public String toString() {
        return what;
    }
}
