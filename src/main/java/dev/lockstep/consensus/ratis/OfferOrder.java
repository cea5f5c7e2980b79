package dev.lockstep.consensus.ratis;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Keeps the offers that a node hands to the leader in the order offered, though their calls run beside
/// each other.
///
/// The node numbers them; the leader lets each in after the one before it. One that fails, or another
/// leader, begins a new *stream* of numbers. Thread-safe.
final class OfferOrder {
    private static final int HEAD_BYTES = 2 * Long.BYTES;
    /// Streams that a leader remembers; a forgotten one fails and is begun anew.
    private static final int STREAMS_MAX = 256;
    /// How long the leader waits for a predecessor: less than the node waits for its answer.
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /// On its way to the leader.
    private @Nullable Member leader;
    private long stream;
    private long nextNumber;

    /// At the leader.
    private final Map<Long, Turns> byStream = new LinkedHashMap<>(16, 0.75f, true);

    /// An offer with its number.
    record Numbered(long stream, Bytes frame) {}

    /// Numbers an offer for the leader. Offers are in the order of these calls.
    synchronized Numbered number(Member to, Bytes command) {
        if (!to.equals(leader)) {
            leader = to;
            begin();
        }
        byte[] frame = ByteBuffer.allocate(HEAD_BYTES + command.size())
                .putLong(stream)
                .putLong(nextNumber++)
                .put(command.unsafeArray())
                .array();
        return new Numbered(stream, Bytes.wrap(frame));
    }

    /// An offer got no answer: what comes after it must not wait for it.
    synchronized void failed(Numbered offer) {
        if (offer.stream() == stream) {
            begin();
        }
    }

    private void begin() {
        stream = ThreadLocalRandom.current().nextLong();
        nextNumber = 0;
    }

    /// Runs `entering` with the command when all numbers before it have entered.
    ///
    /// @throws IOException if one of them does not come
    <T> T inTurn(Bytes frame, Entering<T> entering) throws IOException, InterruptedException {
        if (frame.size() < HEAD_BYTES) {
            throw new IOException("not an offer");
        }
        long ofStream = frame.buffer().getLong();
        long number = frame.buffer().getLong(Long.BYTES);
        awaitTurn(ofStream, number);
        try {
            return entering.enter(frame.slice(HEAD_BYTES, frame.size()));
        } finally {
            passed(ofStream, number);
        }
    }

    @FunctionalInterface
    interface Entering<T> {
        T enter(Bytes command);
    }

    private void awaitTurn(long ofStream, long number) throws IOException, InterruptedException {
        try {
            var _ = turn(ofStream, number).get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException missing) {
            throw new IOException("an earlier offer is missing", missing);
        }
    }

    private synchronized CompletableFuture<Void> turn(long ofStream, long number) {
        Turns turns = turns(ofStream);
        if (number <= turns.next) {
            return CompletableFuture.completedFuture(null);
        }
        return turns.waiting.computeIfAbsent(number, _ -> new CompletableFuture<>());
    }

    private void passed(long ofStream, long number) {
        CompletableFuture<Void> follower;
        synchronized (this) {
            Turns turns = turns(ofStream);
            turns.next = Math.max(turns.next, number + 1);
            follower = turns.waiting.remove(number + 1);
        }
        if (follower != null) {
            follower.complete(null);
        }
    }

    private Turns turns(long ofStream) {
        if (byStream.size() >= STREAMS_MAX && !byStream.containsKey(ofStream)) {
            byStream.remove(byStream.keySet().iterator().next());
        }
        return byStream.computeIfAbsent(ofStream, _ -> new Turns());
    }

    /// Of one stream.
    private static final class Turns {
        private final Map<Long, CompletableFuture<Void>> waiting = new HashMap<>();
        private long next;
    }
}
