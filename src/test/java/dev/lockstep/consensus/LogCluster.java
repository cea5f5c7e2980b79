package dev.lockstep.consensus;

import dev.lockstep.model.Member;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/// Three founding nodes on one log, and those that come to it. Used by one test thread.
public abstract class LogCluster implements AutoCloseable {
    private final Map<StoreId, TapeState> states = new HashMap<>();
    private final Map<StoreId, Consensus> logs = new HashMap<>();

    /// The members at first; none is running at first.
    public abstract List<Member> founders();

    /// Another store of the node, at the same address.
    public Member withNewStore(Member member) {
        long number = Long.parseLong(member.store().value(), 16) + 0x100;
        return new Member(member.node(), new StoreId("%016x".formatted(number)), member.address());
    }

    /// Starts the node with what it had on its disk and in its state.
    public void start(Member member) throws IOException {
        startFrom(member, Long.MAX_VALUE);
    }

    /// As the process had been killed when it had made durable what it had up to `logIndex`, at least.
    public void startFrom(Member member, long logIndex) throws IOException {
        states.put(member.store(), state(member).upTo(logIndex));
        logs.put(member.store(), open(member, state(member)));
    }

    public void stop(Member member) throws IOException {
        Consensus log = logs.remove(member.store());
        if (log != null) {
            shut(member, log);
        }
    }

    public Consensus log(Member member) {
        return Objects.requireNonNull(logs.get(member.store()), () -> member + " is not running");
    }

    public TapeState state(Member member) {
        return states.computeIfAbsent(member.store(), _ -> new TapeState());
    }

    /// Lets the cluster work until the fact holds.
    ///
    /// @throws AssertionError if it takes too long
    public abstract void await(String fact, Callable<Boolean> look);

    /// Lets the cluster work until there is an answer.
    public <T> CompletableFuture<T> ended(String what, CompletableFuture<T> question) {
        await(what + " is answered", question::isDone);
        return question;
    }

    public void awaitEnded(String what, List<? extends CompletableFuture<?>> questions) {
        await(what + " are answered", () -> questions.stream().allMatch(CompletableFuture::isDone));
    }

    /// The first index in the log on the node's disk, after what was cut.
    public abstract long firstKeptIndex(Member member) throws IOException;

    protected abstract Consensus open(Member member, TapeState state) throws IOException;

    protected abstract void shut(Member member, Consensus log) throws IOException;

    @Override
    public void close() throws IOException {
        for (StoreId store : List.copyOf(logs.keySet())) {
            Consensus log = Objects.requireNonNull(logs.remove(store));
            log.close();
        }
    }
}
