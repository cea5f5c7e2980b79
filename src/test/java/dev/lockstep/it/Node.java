package dev.lockstep.it;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// One node: its folder, its state and the process that may be running on them. Used by one test thread.
final class Node {
    private static final Duration TERM_PATIENCE = Duration.ofSeconds(30);
    private static final int TAIL_LINES = 60;
    private static final int TICKS_PER_SECOND = 100;

    private final Path home;
    private final String id;
    private final String peers;
    private final String http;
    private final List<String> flags;
    private final Face face;
    private @Nullable Process process;
    private boolean isStopped;
    private Path output;
    private List<String> nextFlags = List.of();

    /// @param flags of its virtual machine, besides the usual ones
    Node(Path home, String id, String peers, String http, List<String> flags) {
        this.flags = List.copyOf(flags);
        this.home = home;
        this.output = home;
        this.id = id;
        this.peers = peers;
        this.http = http;
        this.face = new Face(http);
    }

    String id() {
        return id;
    }

    Path folder() {
        return home.resolve(id);
    }

    Path state() {
        return home.resolve(".lockstep").resolve(id);
    }

    /// Host and port.
    String http() {
        return http;
    }

    Face face() {
        return face;
    }

    JsonNode status() throws IOException, InterruptedException {
        return face.status();
    }

    long commitIndex() throws IOException, InterruptedException {
        return status().get("commitIndex").asLong();
    }

    List<String> arguments() {
        return List.of("node", "--id", id, "--folder", folder().toString(), "--peers", peers, "--http", http);
    }

    /// @param more flags of the virtual machine from the next start on
    void startWith(List<String> more) {
        nextFlags = List.copyOf(more);
    }

    /// Starts the process by the one command that starts it every time.
    void start() throws IOException {
        startUnder(List.of());
    }

    /// As [#start], through a program that runs its arguments in the same process.
    void startUnder(List<String> prefix) throws IOException {
        if (isAlive()) {
            throw new IllegalStateException(id + " is running");
        }
        Files.createDirectories(folder());
        List<String> command = new ArrayList<>(prefix);
        command.addAll(
                Launch.program(Stream.concat(flags.stream(), nextFlags.stream()).toList(), arguments()));
        ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
        builder.environment().put("MALLOC_ARENA_MAX", "2");
        builder.environment().put("LC_ALL", "C.UTF-8");
        isStopped = false;
        process = builder.redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(log().toFile()))
                .start();
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    /// Alive and not stopped by [#stop].
    boolean isRunning() {
        return isAlive() && !isStopped;
    }

    void kill9() throws InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    /// Sends SIGTERM and waits for the end.
    Shell.Ended term() throws InterruptedException {
        long start = System.nanoTime();
        running().destroy();
        return ended(start);
    }

    /// Waits until the process has ended by itself.
    Shell.Ended awaitEnd() throws InterruptedException {
        return ended(System.nanoTime());
    }

    private Shell.Ended ended(long start) throws InterruptedException {
        if (!running().waitFor(TERM_PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError(id + " has not ended after " + TERM_PATIENCE + "\n" + logTail());
        }
        return new Shell.Ended(running().exitValue(), logTail(), Duration.ofNanos(System.nanoTime() - start));
    }

    private Process running() {
        if (process == null) {
            throw new IllegalStateException(id + " was never started");
        }
        return process;
    }

    /// SIGSTOP: the process stands still and keeps its connections.
    void stop() throws IOException, InterruptedException {
        signal("STOP");
        isStopped = true;
    }

    void cont() throws IOException, InterruptedException {
        signal("CONT");
        isStopped = false;
    }

    private void signal(String name) throws IOException, InterruptedException {
        Shell.in(home, "kill -" + name + " " + running().pid());
    }

    long residentBytes() throws IOException {
        try (Stream<String> lines = Files.lines(proc("status"))) {
            String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        }
    }

    /// Processor time used since the start, by all threads, in user and kernel mode.
    Duration processorTime() throws IOException {
        String stat = Files.readString(proc("stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        // Fields 14 and 15 of proc(5), counted from the state, which is field 3.
        long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        return Duration.ofMillis(ticks * 1000 / TICKS_PER_SECOND);
    }

    /// How many files and connections it may have open, from now on. The hard limit stays: not everyone may raise it
    /// again.
    void limitDescriptors(int count) throws IOException, InterruptedException {
        Shell.in(home, "prlimit --pid " + running().pid() + " --nofile=" + count + ":");
    }

    private Path proc(String file) {
        return Path.of("/proc", Long.toString(running().pid()), file);
    }

    private Path log() {
        return output.resolve(id + ".out");
    }

    /// Where what the process writes is kept, from the next start on; else beside its folder.
    void writeTo(Path directory) {
        output = directory;
    }

    /// The last lines of what the process has written, and of the log it keeps in its state.
    String logTail() {
        List<String> out = new ArrayList<>();
        out.add("--- " + id + (isAlive() ? " (alive" + (isStopped ? ", stopped)" : ")") : " (dead)"));
        for (Path file : List.of(log(), state().resolve("log"))) {
            if (Files.isRegularFile(file)) {
                out.add("--- " + file);
                out.addAll(tail(file));
            }
        }
        return String.join("\n", out);
    }

    private static List<String> tail(Path file) {
        try {
            List<String> lines =
                    Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList();
            return lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size());
        } catch (IOException e) {
            return List.of("unreadable: " + e);
        }
    }
}
