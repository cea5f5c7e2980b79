package dev.lockstep.consensus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What every implementation of the [Consensus] port holds.
public abstract class ConsensusContractTest {
    protected static final long SNAPSHOT_TRIGGER_ENTRIES = 60;
    protected static final long PRESERVED_ENTRIES = 10;
    private static final int PIPELINED = 100;
    private static final int MORE_THAN_THE_LOG_KEEPS = 400;
    private static final int FEWER_THAN_THE_LOG_KEEPS = 20;

    @TempDir
    private Path directory;

    private LogCluster cluster;
    private Member one;
    private Member two;
    private Member three;

    /// Nodes that cut their log by the limits above.
    protected abstract LogCluster open(Path home) throws IOException;

    @BeforeEach
    void startAll() throws IOException {
        cluster = open(directory);
        one = cluster.founders().get(0);
        two = cluster.founders().get(1);
        three = cluster.founders().get(2);
        for (Member member : cluster.founders()) {
            cluster.start(member);
        }
        offerUntilCommitted(one, "founded");
    }

    @AfterEach
    void stopAll() throws IOException {
        for (Member member : cluster.founders()) {
            assertThat(cluster.state(member).failures()).isEmpty();
        }
        cluster.close();
    }

    private long offerUntilCommitted(Member member, String command) {
        return untilSuccess(command, () -> cluster.log(member).offer(Bytes.utf8(command)));
    }

    private long untilSuccess(String what, Supplier<CompletableFuture<Long>> question) {
        AtomicReference<CompletableFuture<Long>> asked = new AtomicReference<>(question.get());
        cluster.await(what + " succeeds", () -> {
            if (asked.get().isCompletedExceptionally()) {
                asked.set(question.get());
            }
            return asked.get().isDone() && !asked.get().isCompletedExceptionally();
        });
        return asked.get().join();
    }

    /// Pipelined; offered again, in order, from the first that failed on.
    private void offerAll(Member member, List<String> commands) {
        List<CompletableFuture<Long>> offers = new ArrayList<>();
        AtomicInteger done = new AtomicInteger();
        cluster.await("offers of " + member + " are committed", () -> {
            if (!offers.stream().allMatch(CompletableFuture::isDone)) {
                return false;
            }
            done.addAndGet((int) offers.stream()
                    .takeWhile(offer -> !offer.isCompletedExceptionally())
                    .count());
            offers.clear();
            commands.stream()
                    .skip(done.get())
                    .limit(PIPELINED)
                    .forEach(command -> offers.add(cluster.log(member).offer(Bytes.utf8(command))));
            return done.get() == commands.size();
        });
    }

    private static List<String> commands(String name, int count) {
        List<String> commands = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            commands.add(name + "-" + i);
        }
        return commands;
    }

    /// All have what is committed now, and the same of it.
    private void awaitSame(Member... members) {
        long last = readUntilAnswered(members[0]);
        cluster.await(
                "all have what is committed",
                () -> Arrays.stream(members)
                        .allMatch(member -> cluster.state(member).appliedIndex() >= last));
        for (Member member : members) {
            assertThat(tape(member, last)).as("on %s", member).isEqualTo(tape(members[0], last));
        }
    }

    private List<Commit> tape(Member member, long upTo) {
        return cluster.state(member).upTo(upTo).tape();
    }

    private long readUntilAnswered(Member member) {
        return untilSuccess("the read", () -> cluster.log(member).readIndex());
    }

    private Member leader() {
        List<Member> found = new ArrayList<>();
        cluster.await("there is a leader", () -> {
            found.clear();
            for (Member member : cluster.founders()) {
                if (cluster.log(member).status().role() == ConsensusStatus.Role.LEADER
                        && cluster.log(member).status().hasQuorum()) {
                    found.add(member);
                }
            }
            return found.size() == 1;
        });
        return found.getFirst();
    }

    private List<Member> followers() {
        Member leader = leader();
        return cluster.founders().stream()
                .filter(member -> !member.equals(leader))
                .toList();
    }

    @Test
    void allNodesSeeTheSameCommitsInTheSameOrder() {
        List<CompletableFuture<Long>> offers = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            Member member = cluster.founders().get(i % 3);
            offers.add(cluster.log(member).offer(Bytes.utf8("command " + i)));
        }
        cluster.awaitEnded("the offers", offers);
        awaitSame(one, two, three);
        assertThat(cluster.state(one).tape())
                .extracting(Commit::logIndex)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(cluster.state(one).commands())
                .contains("founded")
                .containsAll(commands("command ", 60).stream()
                        .map(text -> text.replace("-", ""))
                        .toList());
    }

    @Test
    void successfulOfferStandsInTheLogAtTheIndexAnswered() {
        for (Member member : cluster.founders()) {
            long logIndex = offerUntilCommitted(member, "of " + member.node());
            awaitSame(one, two, three);
            assertThat(cluster.state(one).tape())
                    .filteredOn(commit -> commit.logIndex() == logIndex)
                    .extracting(commit -> commit.command().toUtf8())
                    .containsExactly("of " + member.node());
        }
    }

    @Test
    void offersOfOneNodeStayInTheOrderOffered() {
        List<CompletableFuture<Long>> offers = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            for (Member member : cluster.founders()) {
                offers.add(cluster.log(member).offer(Bytes.utf8(member.node() + "-" + i)));
            }
        }
        offers.forEach(offer -> assertThat(cluster.ended("an offer", offer)).isCompleted());
        awaitSame(one, two, three);
        for (Member member : cluster.founders()) {
            assertThat(cluster.state(one).commands())
                    .filteredOn(command -> command.startsWith(member.node().value()))
                    .containsExactlyElementsOf(commands(member.node().value(), 150));
        }
    }

    @Test
    void readIndexCoversWhatWasCommittedBefore() {
        for (Member writer : cluster.founders()) {
            long logIndex = offerUntilCommitted(writer, "of " + writer.node());
            for (Member reader : cluster.founders()) {
                CompletableFuture<Long> read =
                        cluster.ended("the read", cluster.log(reader).readIndex());
                assertThat(read.join()).isGreaterThanOrEqualTo(logIndex);
            }
        }
    }

    @Test
    void withoutMajorityOffersAndReadsFailAndNothingIsCommitted() throws IOException {
        Member alone = leader();
        for (Member other : followers()) {
            cluster.stop(other);
        }
        List<Commit> before = cluster.state(alone).tape();
        CompletableFuture<Long> offer = cluster.log(alone).offer(Bytes.utf8("to nobody"));
        CompletableFuture<Long> read = cluster.log(alone).readIndex();
        assertThat(cluster.ended("the offer", offer)).isCompletedExceptionally();
        assertThat(cluster.ended("the read", read)).isCompletedExceptionally();
        cluster.await("it knows", () -> !cluster.log(alone).status().hasQuorum());
        assertThat(cluster.state(alone).tape()).isEqualTo(before);

        for (Member other : cluster.founders()) {
            if (!other.equals(alone)) {
                cluster.start(other);
            }
        }
        // The failed one may have come through after all; again does no harm.
        offerUntilCommitted(alone, "to nobody");
        awaitSame(one, two, three);
        assertThat(cluster.state(alone).commands().stream().distinct())
                .containsExactlyInAnyOrder("founded", "to nobody");
    }

    /// The answer of a moment ago is no proof of now: the others may have elected another leader since.
    @Test
    void readThatWasJustAnsweredIsNotAnsweredAgainWithoutMajority() throws IOException {
        Member alone = leader();
        readUntilAnswered(alone);
        readUntilAnswered(alone);
        for (Member other : followers()) {
            cluster.stop(other);
        }
        CompletableFuture<Long> read = cluster.log(alone).readIndex();
        assertThat(cluster.ended("the read", read)).isCompletedExceptionally();
    }

    @Test
    void aFollowerGoesOnWhenTheLeaderIsGone() throws IOException {
        Member old = leader();
        List<Member> others = followers();
        cluster.stop(old);
        offerUntilCommitted(others.get(0), "without it");
        cluster.start(old);
        awaitSame(others.get(0), others.get(1), old);
        assertThat(cluster.state(old).commands()).contains("without it");
    }

    @Test
    void restartedNodeGetsWhatItMissed() throws IOException {
        Member away = followers().getFirst();
        Member here = leader();
        cluster.stop(away);
        offerAll(here, commands("missed", 20));
        cluster.start(away);
        awaitSame(here, away);
        assertThat(cluster.state(away).commands()).containsAll(commands("missed", 20));
    }

    @Test
    void commitsSeenBeforeComeAgainAfterRestartOfAllAndChangeNothing() throws IOException {
        offerAll(one, commands("seen", 20));
        awaitSame(one, two, three);
        List<Commit> before = cluster.state(one).tape();
        for (Member member : cluster.founders()) {
            cluster.stop(member);
        }
        cluster.start(one);
        cluster.startFrom(two, before.get(10).logIndex());
        cluster.startFrom(three, 0);
        offerUntilCommitted(one, "after");
        awaitSame(one, two, three);
        assertThat(cluster.state(one).tape()).startsWith(before.toArray(Commit[]::new));
        assertThat(cluster.state(one).repeated()).isGreaterThanOrEqualTo(21);
    }

    @Test
    void logIsCutAndANodeThatWasAwayGetsASnapshot() throws IOException {
        Member away = followers().getFirst();
        cluster.stop(away);
        Member here = leaderAmongRunning(away);
        offerAll(here, commands("many", MORE_THAN_THE_LOG_KEEPS));
        for (Member member : cluster.founders()) {
            if (!member.equals(away)) {
                awaitCut(member, here);
            }
        }
        cluster.start(away);
        awaitSame(here, away);
        assertThat(cluster.state(away).installed()).isEqualTo(1);
        offerUntilCommitted(away, "back again");
        awaitSame(one, two, three);
    }

    @Test
    void logIsNotCutBeforeItsContentsStandWithoutIt() throws IOException {
        cluster.state(two).refuseSyncPoints();
        // One that falls behind what the leader keeps would get a snapshot.
        List<String> commands = commands("many", MORE_THAN_THE_LOG_KEEPS);
        for (int from = 0; from < commands.size(); from += FEWER_THAN_THE_LOG_KEEPS) {
            offerAll(one, commands.subList(from, from + FEWER_THAN_THE_LOG_KEEPS));
            awaitSame(one, two);
        }
        awaitCut(one, one);
        awaitSame(one, two, three);
        assertThat(cluster.log(two).status().snapshotIndex()).isEqualTo(-1);
        assertThat(cluster.firstKeptIndex(two)).isLessThanOrEqualTo(1);

        // More comes again now than a snapshot waits for, into a state that is ahead of it.
        cluster.stop(two);
        cluster.start(two);
        awaitCut(two, two);
        awaitSame(one, two, three);
    }

    @Test
    void whatCannotBeReadIsNotTaken() {
        for (Member member : cluster.founders()) {
            assertThat(cluster.ended("the offer", cluster.log(member).offer(Bytes.EMPTY)))
                    .isCompletedExceptionally();
        }
        awaitSame(one, two, three);
        assertThat(cluster.state(one).commands()).containsOnly("founded");
    }

    @Test
    void nodeThatLostItsStateStartsFromItsOwnSnapshot() throws IOException {
        offerAll(one, commands("many", MORE_THAN_THE_LOG_KEEPS));
        awaitCut(two, one);
        cluster.stop(two);
        cluster.startFrom(two, 0);
        offerUntilCommitted(one, "after");
        awaitSame(one, two, three);
        assertThat(cluster.state(two).installed()).isEqualTo(1);
    }

    /// A finished snapshot counts with the next entry.
    private void awaitCut(Member member, Member writer) {
        cluster.await("the log of " + member + " is cut", () -> {
            var _ = cluster.ended("one more", cluster.log(writer).offer(Bytes.utf8("one more")));
            return cluster.log(member).status().snapshotIndex() > SNAPSHOT_TRIGGER_ENTRIES
                    && cluster.firstKeptIndex(member) > SNAPSHOT_TRIGGER_ENTRIES;
        });
    }

    private Member leaderAmongRunning(Member away) {
        return cluster.founders().stream()
                .filter(member -> !member.equals(away))
                .filter(member -> cluster.log(member).status().role() == ConsensusStatus.Role.LEADER)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void memberIsReplacedByOneWithANewStoreOnAnIdleCluster() throws IOException {
        replaceAMember();
    }

    @Test
    void newStoreGetsASnapshotWhereTheLogIsCut() throws IOException {
        offerAll(one, commands("many", MORE_THAN_THE_LOG_KEEPS));
        for (Member member : cluster.founders()) {
            awaitCut(member, one);
        }
        assertThat(cluster.state(replaceAMember()).installed()).isEqualTo(1);
    }

    private Member replaceAMember() throws IOException {
        Member lost = followers().getFirst();
        Member here = leader();
        List<Member> staying = cluster.founders().stream()
                .filter(member -> !member.equals(lost))
                .toList();
        cluster.stop(lost);
        change(here, staying);
        Member fresh = cluster.withNewStore(lost);
        cluster.start(fresh);
        List<Member> after = new ArrayList<>(staying);
        after.add(fresh);
        change(here, after);
        cluster.await(
                "all know the new members",
                () -> after.stream()
                        .allMatch(member -> cluster.log(member).members().containsAll(after)
                                && !cluster.log(member).members().contains(lost)));
        offerUntilCommitted(fresh, "of the new store");
        awaitSame(staying.get(0), staying.get(1), fresh);
        assertThat(cluster.state(fresh).commands()).startsWith("founded").endsWith("of the new store");
        return fresh;
    }

    private void change(Member at, List<Member> members) {
        assertThat(cluster.ended("the change of members", cluster.log(at).changeMembers(members)))
                .isCompleted();
    }

    @Test
    void leadershipIsHandedOver() {
        Member next = followers().getFirst();
        CompletableFuture<Void> handed = cluster.log(one).transferLeadership(next);
        assertThat(cluster.ended("the transfer", handed)).isCompleted();
        cluster.await(
                "it leads",
                () -> cluster.founders().stream()
                        .allMatch(member ->
                                next.node().equals(cluster.log(member).status().leader())));
        offerUntilCommitted(one, "after");
        awaitSame(one, two, three);
    }
}
