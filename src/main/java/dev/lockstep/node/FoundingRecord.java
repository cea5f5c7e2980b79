package dev.lockstep.node;

import dev.lockstep.model.Address;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/// The proposal to found a cluster of these stores. It comes into force once each of them holds it.
///
/// @param attempt counts the records of its author, the member with the lowest node id
/// @param members ordered by node id, not empty
record FoundingRecord(UUID cluster, long attempt, List<Member> members) {
    private static final String ATTEMPT = "attempt ";

    FoundingRecord {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("a founding record without members");
        }
    }

    String encode() {
        return Identity.encode(cluster, members) + ATTEMPT + attempt + "\n";
    }

    /// @throws IOException if the text is no founding record
    static FoundingRecord decode(String text) throws IOException {
        try {
            long attempt = text.lines()
                    .filter(line -> line.startsWith(ATTEMPT))
                    .mapToLong(line -> Long.parseLong(line.substring(ATTEMPT.length())))
                    .findFirst()
                    .orElse(1);
            return new FoundingRecord(Identity.cluster(text), attempt, Identity.members(text));
        } catch (IllegalArgumentException malformed) {
            throw new IOException("not a founding record: " + malformed.getMessage(), malformed);
        }
    }

    Optional<Member> member(StoreId store) {
        return members.stream().filter(member -> member.store().equals(store)).findFirst();
    }

    SortedMap<NodeId, Address> addresses() {
        SortedMap<NodeId, Address> addresses = new TreeMap<>();
        members.forEach(member -> addresses.put(member.node(), member.address()));
        return addresses;
    }

    /// Whether `other` is by the same author and was overtaken by this one.
    boolean isNewerThan(FoundingRecord other) {
        return members.getFirst().store().equals(other.members.getFirst().store()) && attempt > other.attempt;
    }
}
