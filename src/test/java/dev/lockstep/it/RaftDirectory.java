package dev.lockstep.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The log and the snapshots on one node's disk, looked at from outside.
record RaftDirectory(Path root) {
    private static final Pattern SEGMENT = Pattern.compile("log_(?:inprogress_)?(\\d+)(?:-\\d+)?");
    private static final Pattern SNAPSHOT = Pattern.compile("snapshot\\.\\d+_(\\d+)");

    static RaftDirectory of(Node node) {
        return new RaftDirectory(node.state().resolve("raft"));
    }

    /// The first index that was not cut.
    long firstKeptIndex() throws IOException {
        return numbers(SEGMENT).stream().mapToLong(Long::longValue).min().orElse(0);
    }

    int segments() throws IOException {
        return numbers(SEGMENT).size();
    }

    /// -1 without one.
    long snapshotIndex() throws IOException {
        return numbers(SNAPSHOT).stream().mapToLong(Long::longValue).max().orElse(-1);
    }

    /// Whether a snapshot from a peer is being received.
    boolean isReceiving() throws IOException {
        return files().stream()
                .anyMatch(file ->
                        file.getParent() != null && file.getParent().toString().contains("/tmp"));
    }

    private List<Long> numbers(Pattern pattern) throws IOException {
        return files().stream()
                .map(file -> pattern.matcher(file.getFileName().toString()))
                .filter(Matcher::matches)
                .map(matcher -> Long.parseLong(matcher.group(1)))
                .toList();
    }

    /// Of all files in it.
    long sizeBytes() throws IOException {
        long sum = 0;
        for (Path file : files()) {
            sum += sizeBytes(file);
        }
        return sum;
    }

    private static long sizeBytes(Path file) throws IOException {
        try {
            return Files.size(file);
        } catch (NoSuchFileException gone) {
            return 0;
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile).toList();
        } catch (java.io.UncheckedIOException moved) {
            throw new IOException(moved);
        }
    }
}
