package dev.lockstep.consensus.ratis;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The file in which Ratis keeps the term and the vote. It bears no checksum, and without it a store would be taken for
/// a new one: what is not exactly of its form is refused, because a store that forgot its vote could vote twice.
///
/// @param directory of one group
record VoteFile(Path directory) {
    private static final Pattern TERM = Pattern.compile("term=\\d{1,18}");
    private static final Pattern VOTE = Pattern.compile("votedFor=([a-z0-9][a-z0-9._-]*@[0-9a-f]{16})?");
    private static final int LINES = 2;

    /// @throws IOException with the way out, if the file is missing or damaged
    void requireWhole(String node) throws IOException {
        Path file = directory.resolve("current").resolve("raft-meta");
        String wayOut = ": this store cannot vote any more; on a living node: lockstep members replace " + node;
        if (!Files.exists(file)) {
            if (hasLog()) {
                throw new IOException("the file " + file + " is missing" + wayOut);
            }
            return;
        }
        List<String> lines = new String(Files.readAllBytes(file), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .toList();
        boolean isWhole = lines.size() == LINES
                && lines.stream().anyMatch(line -> TERM.matcher(line).matches())
                && lines.stream().anyMatch(line -> VOTE.matcher(line).matches());
        if (!isWhole) {
            throw new IOException("the file " + file + " is damaged" + wayOut);
        }
    }

    private boolean hasLog() throws IOException {
        Path current = directory.resolve("current");
        if (!Files.isDirectory(current)) {
            return false;
        }
        try (Stream<Path> files = Files.list(current)) {
            return files.anyMatch(file -> file.getFileName().toString().startsWith("log_"));
        }
    }
}
