package dev.lockstep.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whole clusters, from seeds that are fresh every day, so that a build that fails does so again when it is looked at.
/// `-Dlockstep.seed=N` runs one seed.
final class ClusterSimulationTest {
    private static final long COUNT = 500;

    @TempDir
    private Path snapshots;

    @BeforeAll
    static void silence() {
        Soak.silence();
    }

    @Test
    void everySeedHoldsWhatIsGuaranteed() throws IOException, InterruptedException {
        Long one = Long.getLong("lockstep.seed");
        long first = one == null ? LocalDate.now(ZoneOffset.UTC).toEpochDay() * COUNT : one;
        System.out.println("first seed: " + first);
        assertThat(Soak.run(first, one == null ? COUNT : 1, Soak.OPTIONS)).isEmpty();
    }

    /// The same seeds every day, in a third of which machines lose power.
    @Test
    void powerLossesTakeNothingThatIsGuaranteed() throws IOException, InterruptedException {
        assertThat(Soak.run(1, COUNT, Soak.OPTIONS.withPowerLosses(true))).isEmpty();
    }

    /// Also what is ignored changes, in half of the seeds.
    @Test
    void rulesThatChangeTakeNothingAway() throws IOException, InterruptedException {
        assertThat(Soak.run(1, COUNT, Soak.OPTIONS.withRules(true))).isEmpty();
    }

    @Test
    void rulesThatChangeAmongPowerLossesTakeNothingAway() throws IOException, InterruptedException {
        assertThat(Soak.run(1, COUNT, Soak.OPTIONS.withRules(true).withPowerLosses(true)))
                .isEmpty();
    }

    @Test
    void theSameSeedBringsTheSameRunBack() {
        Script script = ScriptWriter.write(7, Soak.OPTIONS);
        Simulation.Ending first = Simulation.run(script, snapshots, null);
        assertThat(Simulation.run(script, snapshots, null)).isEqualTo(first);
        Script other = ScriptWriter.write(8, Soak.OPTIONS);
        assertThat(Simulation.run(other, snapshots, null).hash()).isNotEqualTo(first.hash());
    }

    /// In one process the iteration order of unordered collections would be the same by chance.
    @Test
    void theSameSeedBringsTheSameRunBackInAnotherProcess() throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        Soak.class.getName(),
                        "hash",
                        "7")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String said = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(said).isEqualTo(Long.toString(Soak.hash(7)));
    }

    @Test
    void whatViolatesIsMadeShort() {
        Script script = ScriptWriter.write(7, Soak.OPTIONS);
        Script.Line wanted = script.lines().get(script.lines().size() / 2);
        Script shortest = new Shrinking(tried -> tried.lines().contains(wanted)).shrink(script);
        assertThat(shortest.lines()).isEqualTo(List.of(wanted));
    }
}
