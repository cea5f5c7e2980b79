package dev.lockstep.consensus;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// The ordered log that all nodes agree on. Thread-safe; no call blocks. Commits reach the [ReplicatedState]
/// given at
/// start.
public interface Consensus extends AutoCloseable {
    /// Offers a command, here or at the leader. Commands of one node enter the log in the order offered as
    /// long as no
    /// offer
    /// fails.
    ///
    /// @return completes with the log index once the command is committed and applied at the leader;
    ///     exceptionally
    ///     when it may or may not be in the log: the caller offers it again
    CompletableFuture<Long> offer(Bytes command);

    /// @return an index that covers everything committed anywhere before the call; exceptionally without a
    ///     quorum
    CompletableFuture<Long> readIndex();

    ConsensusStatus status();

    /// The voting members as this node knows them.
    List<Member> members();

    /// Changes the voting members, one at a time.
    ///
    /// @return completes once the new members are in force, also on an idle cluster; exceptionally otherwise
    CompletableFuture<Void> changeMembers(List<Member> members);

    /// Asks the current leader to hand over to the named member.
    CompletableFuture<Void> transferLeadership(Member to);

    @Override
    void close();
}
