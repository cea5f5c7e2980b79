package dev.lockstep.folder;

import java.util.concurrent.atomic.AtomicReferenceArray;

/// Keeps a few [Scratch] for reuse, at most [#SLOTS]; any thread, virtual ones included. A slot that is taken
/// costs a fresh scratch, never a wait.
final class ScratchPool {
    private static final int SLOTS = 16;

    private final AtomicReferenceArray<Scratch> slots = new AtomicReferenceArray<>(SLOTS);

    Scratch take() {
        Scratch kept = slots.getAndSet(slot(), null);
        return kept == null ? new Scratch() : kept;
    }

    void give(Scratch scratch) {
        slots.setRelease(slot(), scratch);
    }

    private static int slot() {
        return (int) Thread.currentThread().threadId() & SLOTS - 1;
    }
}
