package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Reads one [SelfDescribing] file over and over and remembers what it saw.
final class VersionReader implements AutoCloseable {
    private final Path path;
    private final Queue<Integer> seen = new ConcurrentLinkedQueue<>();
    private final Queue<String> torn = new ConcurrentLinkedQueue<>();
    private final Rhythm rhythm;

    private VersionReader(Path path, Duration interval) {
        this.path = path;
        this.rhythm = Rhythm.start(interval, Integer.MAX_VALUE, _ -> look());
    }

    static VersionReader of(Path path, Duration interval) {
        return new VersionReader(path, interval);
    }

    private void look() throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(path);
        } catch (NoSuchFileException e) {
            if (!seen.isEmpty()) {
                torn.add("absent");
            }
            return;
        }
        SelfDescribing.of(bytes)
                .ifPresentOrElse(whole -> seen.add(whole.sequence()), () -> torn.add(bytes.length + " bytes"));
    }

    /// Every look at an existing file found one whole version.
    void assertWhole() {
        assertThat(torn).as("torn reads of %s", path).isEmpty();
        assertThat(seen).as("versions read of %s", path).isNotEmpty();
    }

    /// No look found an older version than the look before.
    void assertForward() {
        List<Integer> order = new ArrayList<>(seen);
        assertThat(order).as("versions read of %s, in order", path).isNotEmpty().isSorted();
    }

    @Override
    public void close() {
        rhythm.close();
    }
}
