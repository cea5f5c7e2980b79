package dev.lockstep.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// Other programs that work in the folders.
final class Shell {
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Shell() {}

    /// How a program ended.
    ///
    /// @param output what it wrote to both of its streams
    record Ended(int code, String output, Duration took) {}

    /// Runs a `sh` script in a directory; it must succeed.
    static String in(Path directory, String script) throws IOException, InterruptedException {
        Ended ended = run(directory, List.of("sh", "-eu", "-c", script), PATIENCE);
        if (ended.code != 0) {
            throw new IllegalStateException("exit " + ended.code + " of: " + script + "\n" + ended.output);
        }
        return ended.output;
    }

    static Ended run(Path directory, List<String> command, Duration patience) throws IOException, InterruptedException {
        Path output = Files.createTempFile("lockstep-it-output", ".txt");
        try {
            long start = System.nanoTime();
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("LC_ALL", "C.UTF-8");
            Process process = builder.directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor();
                throw new IllegalStateException(
                        "still running after " + patience + ": " + command + "\n" + text(output));
            }
            return new Ended(process.exitValue(), text(output), Duration.ofNanos(System.nanoTime() - start));
        } finally {
            Files.delete(output);
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}
