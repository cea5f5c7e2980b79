package dev.lockstep.simulation;

import dev.lockstep.consensus.Consensus;
import dev.lockstep.consensus.LogCluster;
import dev.lockstep.consensus.TapeState;
import dev.lockstep.model.Address;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/// Nodes on a [SimulatedLog].
final class SimulatedCluster extends LogCluster {
    private static final int STEPS_MAX = 1_000_000;

    private final List<Member> founders = IntStream.rangeClosed(1, 3)
            .mapToObj(number -> new Member(
                    new NodeId("node" + number),
                    new StoreId("%016x".formatted(number)),
                    new Address("127.0.0.1", number)))
            .toList();
    private final VirtualTime time = new VirtualTime();
    private final SimulatedLog log;

    SimulatedCluster(Path home, SimulatedLog.Limits limits, long seed) {
        log = new SimulatedLog(founders, limits, time, new Random(seed), home);
    }

    SimulatedLog simulated() {
        return log;
    }

    @Override
    public List<Member> founders() {
        return founders;
    }

    @Override
    protected Consensus open(Member member, TapeState state) throws IOException {
        return log.start(member, state);
    }

    @Override
    protected void shut(Member member, Consensus running) {
        running.close();
    }

    @Override
    public void await(String fact, Callable<Boolean> look) {
        for (int steps = 0; !holds(look); steps++) {
            if (steps == STEPS_MAX || !time.step()) {
                throw new AssertionError("not after " + steps + " steps: " + fact);
            }
        }
    }

    private static boolean holds(Callable<Boolean> look) {
        try {
            return look.call();
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    @Override
    public long firstKeptIndex(Member member) {
        return log.firstKeptIndex(member);
    }
}
