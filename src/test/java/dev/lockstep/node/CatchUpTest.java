package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class CatchUpTest {
    private static final long LONG = 30;

    private final Log log = new Log();
    private final AtomicInteger done = new AtomicInteger();
    private final CountDownLatch isDone = new CountDownLatch(1);
    private volatile long handledIndex;

    private CatchUp started() {
        CatchUp catchUp = new CatchUp(log, () -> handledIndex, () -> {
            done.incrementAndGet();
            isDone.countDown();
        });
        catchUp.start();
        return catchUp;
    }

    private void awaitLooks(int count) throws InterruptedException {
        assertThat(log.looks.tryAcquire(count, LONG, TimeUnit.SECONDS)).isTrue();
    }

    /// The first entry of a log changes nothing in a catalog, but a majority has to hold it before a leader may fail.
    @Test
    void emptyLogIsBehind() throws InterruptedException {
        log.appliedIndex = -1;
        log.committed = CompletableFuture.completedFuture(0L);
        try (CatchUp catchUp = started()) {
            awaitLooks(3);
            assertThat(catchUp.isDone()).isFalse();
            assertThat(done).hasValue(0);
            log.appliedIndex = 0;
            assertThat(isDone.await(LONG, TimeUnit.SECONDS)).isTrue();
            assertThat(done).hasValue(1);
        }
    }

    @Test
    void whatIsAppliedHasToBeHandedToTheFolder() throws InterruptedException {
        log.appliedIndex = 7;
        log.committed = CompletableFuture.completedFuture(7L);
        handledIndex = 6;
        try (CatchUp catchUp = started()) {
            awaitLooks(3);
            assertThat(catchUp.isDone()).isFalse();
            handledIndex = 7;
            assertThat(isDone.await(LONG, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void withoutLeaderItAsksAgain() throws InterruptedException {
        log.committed = CompletableFuture.failedFuture(new IOException("no leader is known"));
        try (CatchUp _ = started()) {
            assertThat(log.questions.tryAcquire(3, LONG, TimeUnit.SECONDS)).isTrue();
            assertThat(done).hasValue(0);
            log.committed = CompletableFuture.completedFuture(0L);
            assertThat(isDone.await(LONG, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static final class Log implements Consensus {
        private final Semaphore questions = new Semaphore(0);
        private final Semaphore looks = new Semaphore(0);
        private volatile long appliedIndex;
        private volatile CompletableFuture<Long> committed = new CompletableFuture<>();

        @Override
        public CompletableFuture<Long> readIndex() {
            questions.release();
            return committed;
        }

        @Override
        public ConsensusStatus status() {
            looks.release();
            return new ConsensusStatus(
                    ConsensusStatus.Role.FOLLOWER, null, 1, appliedIndex, appliedIndex, -1, true, List.of());
        }

        @Override
        public CompletableFuture<Long> offer(Bytes command) {
            throw new AssertionError("nothing is offered");
        }

        @Override
        public List<Member> members() {
            return List.of();
        }

        @Override
        public CompletableFuture<Void> changeMembers(List<Member> members) {
            throw new AssertionError("members stay");
        }

        @Override
        public CompletableFuture<Void> transferLeadership(Member to) {
            throw new AssertionError("the leader stays");
        }

        @Override
        public void close() {}
    }
}
