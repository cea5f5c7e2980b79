package dev.lockstep.node;

import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// What a node says of itself to a peer that asks who it is.
///
/// @param store      its own
/// @param peers      what it was given as `--peers`
/// @param standing   whether it belongs to a cluster
/// @param cluster    empty if it belongs to none
/// @param members    of that cluster, as far as it knows
/// @param lostStores how many stores the asking node had before the one that may become a member; 0 if it may not
/// @param isReplaced the asking store was taken out of the cluster
record Introduction(
        StoreId store,
        String peers,
        Standing standing,
        Optional<UUID> cluster,
        List<Member> members,
        int lostStores,
        boolean isReplaced) {
    private static final String MAY_JOIN = "may-join=";
    private static final String REPLACED = "replaced";

    Introduction {
        members = List.copyOf(members);
    }

    enum Standing {
        /// No state, no marker: can found a cluster.
        BLANK,
        /// Its folder belongs to a cluster that its state does not know.
        MARKED,
        /// A member, whose log does not run yet.
        STARTING,
        /// A member that knows what the cluster has committed, as far as it has heard.
        RUNNING
    }

    boolean mayJoin() {
        return lostStores > 0;
    }

    boolean isFounded() {
        return standing == Standing.STARTING || standing == Standing.RUNNING;
    }

    Optional<Member> member(NodeId node) {
        return members.stream().filter(member -> member.node().equals(node)).findFirst();
    }

    Optional<Member> member(StoreId asked) {
        return members.stream().filter(member -> member.store().equals(asked)).findFirst();
    }

    /// A line of words, then one for the cluster and one for each member.
    String encode() {
        String words = store + " " + standing + " " + peers + (mayJoin() ? " " + MAY_JOIN + lostStores : "")
                + (isReplaced ? " " + REPLACED : "") + "\n";
        return cluster.isEmpty() ? words : words + Identity.encode(cluster.get(), members);
    }

    static Introduction decode(String text) throws IOException {
        String first = text.lines().findFirst().orElse("");
        List<String> words = Arrays.asList(first.split(" "));
        if (words.size() < 3) {
            throw new IOException("not an introduction: " + first);
        }
        try {
            Standing standing = Standing.valueOf(words.get(1));
            boolean isMember = standing == Standing.STARTING || standing == Standing.RUNNING;
            return new Introduction(
                    new StoreId(words.get(0)),
                    words.get(2),
                    standing,
                    isMember ? Optional.of(Identity.cluster(text)) : Optional.empty(),
                    Identity.members(text),
                    lostStores(words),
                    words.contains(REPLACED));
        } catch (IllegalArgumentException malformed) {
            throw new IOException("not an introduction: " + first, malformed);
        }
    }

    private static int lostStores(List<String> words) {
        return words.stream()
                .filter(word -> word.startsWith(MAY_JOIN))
                .mapToInt(word -> Integer.parseInt(word, MAY_JOIN.length(), word.length(), 10))
                .findFirst()
                .orElse(0);
    }
}
