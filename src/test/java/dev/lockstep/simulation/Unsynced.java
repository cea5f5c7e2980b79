package dev.lockstep.simulation;

import dev.lockstep.model.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/// The bytes of a file as they were last synced, and what was written since: a power loss may leave any of it out.
final class Unsynced {
    private static final int BLOCK_BYTES = 4096;

    private Bytes durable = Bytes.EMPTY;
    /// The oldest first.
    private final List<Written> since = new ArrayList<>();

    /// A state of the file after a write or a cut.
    private record Written(Bytes bytes, boolean isByUser) {}

    void written(byte[] bytes, boolean isByUser) {
        since.add(new Written(Bytes.wrap(bytes), isByUser));
    }

    int writes() {
        return since.size();
    }

    /// The later ones have not happened.
    void keep(int writes) {
        since.subList(writes, since.size()).clear();
    }

    boolean isOfUser() {
        return since.stream().anyMatch(Written::isByUser);
    }

    void synced(byte[] bytes) {
        durable = Bytes.wrap(bytes);
        since.clear();
    }

    /// What a power loss leaves: all that was written, nothing, an earlier state, or a part of the blocks.
    byte[] remnant(RandomGenerator random) {
        if (since.isEmpty()) {
            return durable.unsafeArray();
        }
        byte[] last = since.getLast().bytes().unsafeArray();
        byte[] old = cut(durable, since);
        return switch (random.nextInt(6)) {
            case 0, 1 -> old;
            case 2, 3 -> last;
            case 4 -> {
                int number = random.nextInt(since.size());
                yield cut(since.get(number).bytes(), since.subList(number, since.size()));
            }
            default -> torn(old, last, random);
        };
    }

    /// A size that shrinks is in the journal.
    private static byte[] cut(Bytes bytes, List<Written> later) {
        int size = bytes.size();
        for (Written one : later) {
            size = Math.min(size, one.bytes().size());
        }
        return Arrays.copyOf(bytes.unsafeArray(), size);
    }

    /// Some blocks have reached the disk; the others are as before, or zero where nothing was. The size may have
    /// stayed behind.
    private static byte[] torn(byte[] old, byte[] last, RandomGenerator random) {
        byte[] torn = Arrays.copyOf(old, last.length);
        for (int at = 0; at < last.length; at += BLOCK_BYTES) {
            if (random.nextBoolean()) {
                System.arraycopy(last, at, torn, at, Math.min(BLOCK_BYTES, last.length - at));
            }
        }
        int blocks = random.nextInt(1 + last.length / BLOCK_BYTES);
        int size = Math.max(old.length, blocks * BLOCK_BYTES);
        return random.nextBoolean() ? torn : Arrays.copyOf(torn, size);
    }
}
