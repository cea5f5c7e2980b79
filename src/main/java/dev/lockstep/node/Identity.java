package dev.lockstep.node;

import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/// Who a store is: of which cluster, and which members founded it.
///
/// @param members      the founding members; empty if the store joined later
/// @param replacements how many stores of the node were lost before this one: 0 for a founding store, else it
///     joined a cluster that was running
record Identity(UUID cluster, Member self, List<Member> members, int replacements) {
    static final String FILE = "identity";

    private static final String REPLACEMENTS = "replacements ";

    Identity {
        members = List.copyOf(members);
    }

    boolean isJoiner() {
        return replacements > 0;
    }

    /// The incarnation of a start of this store: above all those of the stores that it replaces, whose operations
    /// the cluster remembers.
    ///
    /// @param start number of this start, from 1 on
    long incarnation(long start) {
        return ((long) replacements << Integer.SIZE) + start;
    }

    /// The founding record: a line for the cluster and one for each member.
    static String encode(UUID cluster, List<Member> members) {
        StringBuilder text = new StringBuilder("cluster " + cluster + "\n");
        for (Member member : members) {
            text.append(line(member));
        }
        return text.toString();
    }

    static String line(Member member) {
        return "member " + member.node() + " " + member.store() + " " + member.address() + "\n";
    }

    /// @throws IOException if the text is no founding record
    static UUID cluster(String record) throws IOException {
        for (String line : record.lines().toList()) {
            if (line.startsWith("cluster ")) {
                return uuid(line.substring("cluster ".length()));
            }
        }
        throw new IOException("no cluster is named");
    }

    private static UUID uuid(String text) throws IOException {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException malformed) {
            throw new IOException("not a cluster: " + text, malformed);
        }
    }

    static List<Member> members(String record) throws IOException {
        List<Member> members = new ArrayList<>();
        for (String line : record.lines().toList()) {
            String[] words = line.split(" ");
            if (words[0].equals("member") && words.length == 4) {
                try {
                    members.add(new Member(new NodeId(words[1]), new StoreId(words[2]), Address.parse(words[3])));
                } catch (IllegalArgumentException malformed) {
                    throw new IOException("not a member: " + line, malformed);
                }
            }
        }
        return members;
    }

    void write(DurableFiles files, Path state) throws IOException {
        String text = encode(cluster, members) + "self" + line(self).substring("member".length()) + REPLACEMENTS
                + replacements + "\n";
        writeChecked(files, state, FILE, text);
    }

    static Optional<Identity> read(Path state) throws IOException {
        Optional<String> text = readChecked(state, FILE);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String record = text.get();
        String selfLine = record.lines()
                .filter(line -> line.startsWith("self "))
                .findFirst()
                .orElse("");
        List<Member> self = members("member" + selfLine.substring(Math.min(4, selfLine.length())));
        if (self.size() != 1) {
            throw new IOException("the file " + state.resolve(FILE) + " does not say whose it is");
        }
        return Optional.of(new Identity(cluster(record), self.getFirst(), members(record), replacements(record)));
    }

    private static int replacements(String record) {
        return record.lines()
                .filter(line -> line.startsWith(REPLACEMENTS))
                .mapToInt(line -> Integer.parseInt(line, REPLACEMENTS.length(), line.length(), 10))
                .findFirst()
                .orElse(0);
    }

    /// Writes a small text with a checksum; durable on return.
    static void writeChecked(DurableFiles files, Path state, String name, String text) throws IOException {
        files.write(state.resolve(name), Bytes.utf8(checked(text)));
    }

    /// The text with its checksum before it.
    static String checked(String text) {
        return checksum(text) + "\n" + text;
    }

    /// @throws DamagedFile if the checksum is wrong
    static Optional<String> readChecked(Path state, String name) throws IOException {
        try {
            String whole = new String(Files.readAllBytes(state.resolve(name)), StandardCharsets.UTF_8);
            int end = whole.indexOf('\n');
            if (end < 0 || !whole.substring(0, end).equals(checksum(whole.substring(end + 1)))) {
                throw new DamagedFile(
                        state.resolve(name),
                        "this store cannot go on; on a living node: lockstep members replace NODE");
            }
            return Optional.of(whole.substring(end + 1));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(Bytes.utf8(text).unsafeArray());
        return Long.toHexString(crc.getValue());
    }
}
