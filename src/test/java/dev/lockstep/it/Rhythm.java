package dev.lockstep.it;

import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// Work done at a steady beat: the pace of a writer or a reader, not a wait for anything.
final class Rhythm implements AutoCloseable {
    private final ScheduledExecutorService drum = Executors.newSingleThreadScheduledExecutor();
    private final Future<?> beats;

    /// One beat of the work.
    interface Beat {
        void at(int count) throws Exception;
    }

    private Rhythm(Duration interval, int times, Beat beat) {
        AtomicInteger count = new AtomicInteger();
        beats = drum.scheduleAtFixedRate(() -> step(count, times, beat), 0, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /// Beats 0 to `times - 1`; returns after the last one.
    static void play(Duration interval, int times, Beat beat) throws Exception {
        try (Rhythm rhythm = start(interval, times, beat)) {
            rhythm.join();
        }
    }

    static Rhythm start(Duration interval, int times, Beat beat) {
        return new Rhythm(interval, times, beat);
    }

    private static void step(AtomicInteger count, int times, Beat beat) {
        if (count.get() >= times) {
            throw new Finished();
        }
        try {
            beat.at(count.getAndIncrement());
        } catch (Exception e) {
            throw new IllegalStateException("beat " + (count.get() - 1), e);
        }
    }

    /// Waits for the last beat.
    void join() throws Exception {
        try {
            var _ = beats.get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof Finished)) {
                throw e;
            }
        }
    }

    @Override
    public void close() {
        drum.shutdownNow();
        Await.until("the beat has ended", Duration.ofSeconds(30), drum::isTerminated);
    }

    /// How a fixed-rate task says that it has had its last beat.
    private static final class Finished extends RuntimeException {}
}
