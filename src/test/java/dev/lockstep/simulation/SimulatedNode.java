package dev.lockstep.simulation;

import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.consensus.ConsensusStatus.Role;
import dev.lockstep.consensus.ReplicatedState;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// One run of one node on the [SimulatedLog].
final class SimulatedNode implements Consensus {
    private static final Duration MEMBERS_PATIENCE = Duration.ofSeconds(30);

    private final SimulatedLog log;
    private final Member self;
    final ReplicatedState state;
    final SimulatedLog.Disk disk;
    boolean isRunning = true;
    boolean isWritingSnapshot;
    /// The last entry given to the state in this run.
    long handedIndex;
    /// Offers of one node do not overtake each other.
    private long lastArrivalNanos;

    SimulatedNode(SimulatedLog log, Member self, ReplicatedState state, SimulatedLog.Disk disk) {
        this.log = log;
        this.self = self;
        this.state = state;
        this.disk = disk;
    }

    Member self() {
        return self;
    }

    @Override
    public CompletableFuture<Long> offer(Bytes command) {
        CompletableFuture<Long> answer = asked(log.patience());
        if (!state.isReadable(command)) {
            answer.completeExceptionally(new IOException("not a command"));
            return answer;
        }
        SimulatedLog.Fate fate = log.fateOfOffer();
        lastArrivalNanos =
                Math.max(lastArrivalNanos, log.time.nowNanos() + log.delay().toNanos());
        switch (fate) {
            case ARRIVES -> log.time.at(lastArrivalNanos, () -> arrive(command, answer));
            case UNANSWERED -> log.time.at(lastArrivalNanos, () -> arrive(command, new CompletableFuture<>()));
            case LATE -> log.time.after(log.patience().plus(log.delay()), () -> arrive(command, answer));
            case LOST -> {}
        }
        return answer;
    }

    private void arrive(Bytes command, CompletableFuture<Long> answer) {
        if (!log.hears(this)) {
            answer.completeExceptionally(new IOException("no leader is known"));
            return;
        }
        long logIndex = log.append(command);
        log.time.after(log.delay(), () -> answerIfRunning(answer, logIndex));
    }

    private void answerIfRunning(CompletableFuture<Long> answer, long logIndex) {
        if (isRunning) {
            answer.complete(logIndex);
        }
    }

    @Override
    public CompletableFuture<Long> readIndex() {
        CompletableFuture<Long> answer = asked(log.patience());
        log.time.after(log.delay(), () -> {
            if (log.hears(this)) {
                long logIndex = log.lastIndex();
                log.time.after(log.delay(), () -> answerIfRunning(answer, logIndex));
            }
        });
        return answer;
    }

    /// A question that is given up after a while.
    private <T> CompletableFuture<T> asked(Duration patience) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        if (!isRunning) {
            answer.completeExceptionally(new IOException("stopped"));
        }
        log.time.after(patience, () -> answer.completeExceptionally(new IOException("no answer")));
        return answer;
    }

    @Override
    public ConsensusStatus status() {
        boolean hears = log.hears(this);
        boolean isLeader = log.isLeader(this);
        return new ConsensusStatus(
                isLeader ? Role.LEADER : Role.FOLLOWER,
                hears ? log.leader().map(Member::node).orElse(null) : null,
                log.term(),
                isLeader ? log.lastIndex() : disk.knownIndex,
                handedIndex,
                disk.snapshot == null ? -1 : disk.snapshot.logIndex(),
                hears,
                members().stream()
                        .filter(member -> !member.equals(self))
                        .map(member -> new ConsensusStatus.Peer(member.node(), -1, -1))
                        .toList());
    }

    @Override
    public List<Member> members() {
        boolean knowsNone = disk.knownIndex == 0 && !log.isFounder(self);
        return knowsNone ? List.of() : log.membersAt(disk.knownIndex);
    }

    @Override
    public CompletableFuture<Void> changeMembers(List<Member> members) {
        CompletableFuture<Void> done = asked(MEMBERS_PATIENCE);
        log.time.after(log.delay(), () -> {
            if (log.hears(this)) {
                log.changeMembers(members, done);
            }
        });
        return done;
    }

    @Override
    public CompletableFuture<Void> transferLeadership(Member to) {
        CompletableFuture<Void> done = asked(MEMBERS_PATIENCE);
        log.time.after(log.delay(), () -> {
            if (log.hears(this)) {
                log.handOver(to, done);
            }
        });
        return done;
    }

    @Override
    public void close() {
        log.stop(self);
    }
}
