package dev.lockstep.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/// Runs many seeds, or tells of one.
///
///     Soak FIRST COUNT        runs seeds and prints those that violate
///     Soak tell SEED          prints everything that happens in one run
///     Soak hash SEED          prints what tells one run from another
///     Soak shrink SEED        prints the shortest script that still violates
///
/// With `-Dlockstep.powerLosses=true` machines lose power in a third of the seeds, with `-Dlockstep.rules=true` what is
/// ignored changes in half of them. With `-Dlockstep.gathering=false` a
/// seed gives the script it gave before programs gathered.
final class Soak {
    private static final boolean HAS_POWER_LOSSES = Boolean.getBoolean("lockstep.powerLosses");

    private static final boolean HAS_GATHERING = Boolean.parseBoolean(System.getProperty("lockstep.gathering", "true"));

    private static final boolean HAS_RULES = Boolean.getBoolean("lockstep.rules");

    static final ScriptWriter.Options OPTIONS =
            new ScriptWriter.Options(true, true, true, HAS_POWER_LOSSES, HAS_GATHERING, HAS_RULES);

    private Soak() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        silence();
        switch (arguments[0]) {
            case "tell" -> tell(ScriptWriter.write(Long.parseLong(arguments[1]), OPTIONS));
            case "hash" -> System.out.println(hash(Long.parseLong(arguments[1])));
            case "shrink" -> shrink(ScriptWriter.write(Long.parseLong(arguments[1]), OPTIONS));
            default -> {
                List<String> found = run(Long.parseLong(arguments[0]), Long.parseLong(arguments[1]), OPTIONS);
                if (!found.isEmpty()) {
                    System.exit(1);
                }
            }
        }
    }

    /// The rooms warn of what a simulation does on purpose.
    static void silence() {
        ((Logger) LoggerFactory.getLogger("dev.lockstep")).setLevel(Level.OFF);
    }

    /// Runs seeds on all processors.
    ///
    /// @return what was violated, a line each
    static List<String> run(long first, long count, ScriptWriter.Options options)
            throws IOException, InterruptedException {
        long began = System.nanoTime();
        AtomicLong next = new AtomicLong(first);
        ConcurrentLinkedQueue<String> found = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            Path snapshots = Files.createTempDirectory("lockstep-simulation");
            threads.add(Thread.ofPlatform().start(() -> {
                for (long seed = next.getAndIncrement(); seed < first + count; seed = next.getAndIncrement()) {
                    Simulation.Ending ending = Simulation.run(ScriptWriter.write(seed, options), snapshots, null);
                    if (!ending.violations().isEmpty()) {
                        String line =
                                "seed " + seed + ": " + ending.violations().getFirst() + " ("
                                        + ending.violations().size() + ")";
                        System.out.println(line);
                        found.add(line);
                    }
                    clear(snapshots);
                    if ((seed - first) % 1_000 == 999) {
                        System.out.println("at seed " + seed);
                    }
                }
                clear(snapshots);
                snapshots.toFile().delete();
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        double minutes = Duration.ofNanos(System.nanoTime() - began).toMillis() / 60_000.0;
        System.out.printf(
                Locale.ROOT,
                "seeds %d to %d: %d violating, %.0f seeds/min%n",
                first,
                first + count - 1,
                found.size(),
                count / minutes);
        return List.copyOf(found);
    }

    static void clear(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
    }

    static long hash(long seed) throws IOException {
        Path snapshots = Files.createTempDirectory("lockstep-simulation");
        long hash = Simulation.run(ScriptWriter.write(seed, OPTIONS), snapshots, null)
                .hash();
        clear(snapshots);
        Files.delete(snapshots);
        return hash;
    }

    private static void tell(Script script) throws IOException {
        Path snapshots = Files.createTempDirectory("lockstep-simulation");
        System.out.println(script.text());
        Simulation.Ending ending = Simulation.run(script, snapshots, System.out::println);
        System.out.println(ending);
        clear(snapshots);
    }

    private static void shrink(Script script) throws IOException {
        Path snapshots = Files.createTempDirectory("lockstep-simulation");
        List<String> violations = Simulation.run(script, snapshots, null).violations();
        if (violations.isEmpty()) {
            System.out.println("nothing is violated");
            return;
        }
        String kind = kind(violations.getFirst());
        Shrinking shrinking = new Shrinking(tried -> {
            List<String> found = Simulation.run(tried, snapshots, null).violations();
            clear(snapshots);
            return !found.isEmpty() && kind(found.getFirst()).equals(kind);
        });
        tell(shrinking.shrink(script));
    }

    /// What sort of violation it is, without numbers and names.
    private static String kind(String violation) {
        String text = violation.replaceAll("[0-9]", "");
        return text.substring(0, Math.min(text.length(), 18));
    }
}
