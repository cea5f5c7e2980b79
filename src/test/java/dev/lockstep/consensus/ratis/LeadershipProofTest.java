package dev.lockstep.consensus.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.consensus.ConsensusStatus;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A leader answers a read when the others have confirmed, after it was asked, that it leads.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class LeadershipProofTest {
    @TempDir
    private Path directory;

    private RatisCluster cluster;
    private Member leader;

    @BeforeEach
    void startAll() throws IOException {
        cluster = new RatisCluster(directory, 1000, 1000);
        for (Member member : cluster.founders()) {
            cluster.start(member);
        }
        leader = cluster.founders().getFirst();
        cluster.await("a leader answers", () -> cluster.founders().stream().anyMatch(this::answersAsLeader));
    }

    @AfterEach
    void stopAll() throws IOException {
        cluster.close();
    }

    private boolean answersAsLeader(Member member) {
        leader = member;
        return cluster.log(member).status().role() == ConsensusStatus.Role.LEADER && !isRefused(read());
    }

    private CompletableFuture<Long> read() {
        return cluster.ended("the read", cluster.log(leader).readIndex());
    }

    private static boolean isRefused(CompletableFuture<Long> read) {
        return read.isCompletedExceptionally();
    }

    private List<Member> followers() {
        return cluster.founders().stream()
                .filter(member -> !member.equals(leader))
                .toList();
    }

    @Test
    void oneOfTwoFollowersIsEnough() {
        confirmsNothing(followers().get(0));
        assertThat(isRefused(read())).isFalse();
    }

    @Test
    void readIsRefusedWhenNoFollowerConfirmsAlthoughTheLogGoesOn() {
        followers().forEach(this::confirmsNothing);
        CompletableFuture<Long> offer =
                cluster.ended("the offer", cluster.log(leader).offer(Bytes.utf8("goes on")));
        assertThat(offer).isCompleted();
        assertThat(isRefused(read())).isTrue();
    }

    @Test
    void readIsRefusedWhenTheOthersAreInALaterTerm() {
        Bytes later = Bytes.wrap(
                ByteBuffer.allocate(Long.BYTES).putLong(0, Long.MAX_VALUE).array());
        for (Member follower : followers()) {
            cluster.port(follower).serve(RatisConsensus.PREFIX, (method, request) -> later);
        }
        assertThat(isRefused(read())).isTrue();
    }

    private void confirmsNothing(Member follower) {
        cluster.port(follower).serve(RatisConsensus.PREFIX, (method, request) -> {
            throw new IOException("cut off");
        });
    }
}
