package dev.lockstep.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.consensus.Commit;
import dev.lockstep.consensus.ConsensusContractTest;
import dev.lockstep.consensus.LogCluster;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SimulatedLogTest extends ConsensusContractTest {
    private static final SimulatedLog.Limits LIMITS =
            new SimulatedLog.Limits(SNAPSHOT_TRIGGER_ENTRIES, PRESERVED_ENTRIES);

    @TempDir
    private Path own;

    @Override
    protected LogCluster open(Path home) {
        return new SimulatedCluster(home, LIMITS, 1);
    }

    private SimulatedCluster started(long seed) throws IOException {
        SimulatedCluster cluster = new SimulatedCluster(own, LIMITS, seed);
        for (Member member : cluster.founders()) {
            cluster.start(member);
        }
        cluster.await("there is a leader", () -> cluster.simulated().leader().isPresent());
        return cluster;
    }

    @Test
    void theSameSeedBringsTheSameRunBack() throws IOException {
        List<Commit> first = run(7);
        assertThat(run(7)).isEqualTo(first);
        assertThat(run(8)).isNotEqualTo(first);
    }

    /// Everything goes wrong, and all nodes still see one sequence.
    private List<Commit> run(long seed) throws IOException {
        SimulatedCluster cluster = started(seed);
        cluster.simulated().setWeather(SimulatedLog.Weather.FOUL);
        List<CompletableFuture<Long>> offers = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Member member = cluster.founders().get(i % 3);
            offers.add(cluster.log(member).offer(Bytes.utf8("command " + i)));
            cluster.await("the next", offers.get(Math.max(0, i - 20))::isDone);
            if (i % 50 == 20) {
                cluster.simulated().split(List.of(List.of(member)));
            } else if (i % 50 == 40) {
                cluster.simulated().heal();
            }
        }
        cluster.simulated().heal();
        cluster.awaitEnded("all", offers);
        cluster.simulated().setWeather(SimulatedLog.Weather.FAIR);
        cluster.await(
                "all are the same",
                () -> cluster.founders().stream()
                        .allMatch(member -> cluster.state(member)
                                .tape()
                                .equals(cluster.simulated().commits())));
        assertThat(offers).anyMatch(CompletableFuture::isCompletedExceptionally);
        return cluster.simulated().commits();
    }

    @Test
    void anOfferWithoutAnswerIsCommittedNevertheless() throws IOException {
        SimulatedCluster cluster = started(1);
        cluster.simulated().setWeather(weather(0, 0, 1));
        Member member = cluster.founders().getFirst();
        CompletableFuture<Long> offer = cluster.log(member).offer(Bytes.utf8("heard"));
        assertThat(cluster.ended("the offer", offer)).isCompletedExceptionally();
        assertThat(cluster.simulated().commits())
                .extracting(commit -> commit.command().toUtf8())
                .containsExactly("heard");
    }

    @Test
    void aLateOfferIsCommittedAfterItHasFailed() throws IOException {
        SimulatedCluster cluster = started(1);
        cluster.simulated().setWeather(weather(0, 1, 0));
        Member member = cluster.founders().getFirst();
        CompletableFuture<Long> offer = cluster.log(member).offer(Bytes.utf8("late"));
        assertThat(cluster.ended("the offer", offer)).isCompletedExceptionally();
        assertThat(cluster.simulated().commits()).isEmpty();
        cluster.await("it came", () -> !cluster.simulated().commits().isEmpty());
    }

    @Test
    void aLostOfferIsNowhere() throws IOException {
        SimulatedCluster cluster = started(1);
        cluster.simulated().setWeather(weather(1, 0, 0));
        Member member = cluster.founders().getFirst();
        assertThat(cluster.ended("the offer", cluster.log(member).offer(Bytes.utf8("lost"))))
                .isCompletedExceptionally();
        assertThat(cluster.simulated().commits()).isEmpty();
    }

    private static SimulatedLog.Weather weather(double lost, double late, double unanswered) {
        return new SimulatedLog.Weather(
                Duration.ofMillis(1), Duration.ofMillis(20), Duration.ofSeconds(1), lost, late, unanswered);
    }
}
