package dev.lockstep.consensus.ratis;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.thirdparty.com.google.protobuf.InvalidProtocolBufferException;
import org.apache.ratis.util.AtomicFileOutputStream;
import org.jspecify.annotations.Nullable;

/// The members, as this store last heard of them, with a checksum, beside the file in which Ratis keeps them without
/// one. A member whose name or address was damaged there would be spread by the next leader to all.
///
/// @param directory of one group
record MembersFile(Path directory) {
    private static final String NAME = "members";
    private static final String CONFIGURATION = "raft-meta.conf";

    /// Writes down what was committed; durable on return. Ratis has written its own file before.
    void keep(long logIndex, RaftConfigurationProto members) throws IOException {
        String text = logIndex + "\n" + text(members);
        try (OutputStream out =
                new AtomicFileOutputStream(directory.resolve(NAME).toFile())) {
            out.write((checksum(text) + "\n" + text).getBytes(StandardCharsets.UTF_8));
        }
    }

    /// @throws IOException with the way out, if what Ratis has kept is damaged
    void requireWhole(String node) throws IOException {
        Path file = directory.resolve("current").resolve(CONFIGURATION);
        if (!Files.exists(file)) {
            return;
        }
        IOException damaged =
                new IOException("the file " + file + " is damaged: this store does not know the members any"
                        + " more; on a living node: lockstep members replace " + node);
        LogEntryProto found;
        try {
            found = LogEntryProto.parseFrom(Files.readAllBytes(file));
        } catch (InvalidProtocolBufferException malformed) {
            throw damaged;
        }
        Kept kept = kept();
        // Ratis writes first: what it has may be newer by one.
        boolean isDamaged = kept != null
                && kept.logIndex() >= found.getIndex()
                && !kept.members().equals(text(found.getConfigurationEntry()));
        if (isDamaged) {
            throw damaged;
        }
    }

    private record Kept(long logIndex, String members) {}

    /// @return null if nothing was kept, or it is damaged itself
    private @Nullable Kept kept() throws IOException {
        Path file = directory.resolve(NAME);
        if (!Files.exists(file)) {
            return null;
        }
        String whole = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        String[] parts = whole.split("\n", 3);
        boolean isWhole = parts.length == 3 && parts[0].equals(checksum(parts[1] + "\n" + parts[2]));
        return isWhole ? new Kept(Long.parseLong(parts[1]), parts[2]) : null;
    }

    private static String text(RaftConfigurationProto members) {
        TreeSet<String> lines = new TreeSet<>();
        for (var list : List.of(
                members.getPeersList(),
                members.getListenersList(),
                members.getOldPeersList(),
                members.getOldListenersList())) {
            list.forEach(peer -> lines.add(peer.getId().toStringUtf8() + " " + peer.getAddress()));
        }
        return String.join("\n", lines);
    }

    private static String checksum(String text) {
        CRC32C checksum = new CRC32C();
        checksum.update(text.getBytes(StandardCharsets.UTF_8));
        return Long.toHexString(checksum.getValue());
    }
}
