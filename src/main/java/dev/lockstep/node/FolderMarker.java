package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The hidden file at a folder's root that says which node's folder it is. Never replicated.
///
/// @param cluster the folder's cluster
/// @param node    whose folder it is
/// @param store   the state directory that belongs to it
record FolderMarker(UUID cluster, NodeId node, StoreId store) {
    static final String NAME = ".lockstep";
    static final String STAGED = "marker.new";
    private static final Pattern FORM =
            Pattern.compile("cluster (\\S+)\\s+node (\\S+)\\s+store (\\S+)", Pattern.MULTILINE);

    /// @return empty if the folder has none
    /// @throws IOException if it cannot be read or is no marker
    static Optional<FolderMarker> read(Path folder) throws IOException {
        Path path = folder.resolve(NAME);
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        Matcher text = FORM.matcher(new String(Files.readAllBytes(path), StandardCharsets.UTF_8));
        try {
            if (text.find()) {
                return Optional.of(new FolderMarker(
                        UUID.fromString(text.group(1)), new NodeId(text.group(2)), new StoreId(text.group(3))));
            }
        } catch (IllegalArgumentException malformed) {
            throw damaged(path);
        }
        throw damaged(path);
    }

    private static IOException damaged(Path path) {
        return new IOException("the marker " + path + " is damaged: if the folder is the right one, remove the marker"
                + " and start again, which tells how to go on");
    }

    /// Durable on return. A copy stays in the state directory, for an administrator who has to put it back.
    ///
    /// @param state a directory on the folder's file system to write it in first
    void write(DurableFiles files, Path folder, Path state) throws IOException {
        files.write(copy(state), text());
        files.place(stage(files, state), folder.resolve(NAME));
    }

    /// Writes it as [#STAGED] in the state directory.
    Path stage(DurableFiles files, Path state) throws IOException {
        Path staged = state.resolve(STAGED);
        files.stage(staged, text(), "rw-r--r--");
        return staged;
    }

    private Bytes text() {
        return Bytes.utf8("# This folder is kept the same on several nodes by Lockstep. Do not remove this file.\n"
                + "cluster " + cluster + "\nnode " + node + "\nstore " + store + "\n");
    }

    static Path copy(Path state) {
        return state.resolve("marker");
    }
}
