package dev.lockstep.consensus.ratis;

import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.util.ArrayList;
import java.util.List;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;

/// Members as Ratis knows them. The peer id holds node and store: a replaced disk is another peer.
final class RaftMembers {
    private static final char BETWEEN = '@';

    private RaftMembers() {}

    static RaftPeerId peerId(Member member) {
        return RaftPeerId.valueOf(
                member.node().value() + BETWEEN + member.store().value());
    }

    static RaftPeer peer(Member member) {
        return RaftPeer.newBuilder()
                .setId(peerId(member))
                .setAddress(member.address().toString())
                .build();
    }

    static Member member(RaftPeer peer) {
        return member(peer.getId() + " " + peer.getAddress());
    }

    /// One line per member: `node@store host:port`.
    static Bytes encode(List<Member> members) {
        StringBuilder text = new StringBuilder();
        for (Member member : members) {
            text.append(peerId(member)).append(' ').append(member.address()).append('\n');
        }
        return Bytes.utf8(text.toString());
    }

    /// @throws IllegalArgumentException if the text is not that of members
    static List<Member> decode(Bytes text) {
        List<Member> members = new ArrayList<>();
        text.toUtf8().lines().forEach(line -> members.add(member(line)));
        return members;
    }

    private static Member member(String line) {
        int between = line.indexOf(BETWEEN);
        int space = line.indexOf(' ');
        if (between < 0 || space < between) {
            throw new IllegalArgumentException("not a member: " + line);
        }
        return new Member(
                new NodeId(line.substring(0, between)),
                new StoreId(line.substring(between + 1, space)),
                Address.parse(line.substring(space + 1)));
    }
}
