package dev.lockstep.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// Fresh seeds for as long as `-Dlockstep.soak.minutes` says: `mvn -Psoak verify`.
@EnabledIfSystemProperty(named = "lockstep.soak.minutes", matches = "[0-9]+")
final class ClusterSoakTest {
    private static final long SEEDS_AT_ONCE = 2_000;

    @Test
    void everySeedHoldsWhatIsGuaranteed() throws IOException, InterruptedException {
        Soak.silence();
        long first = System.currentTimeMillis() * 1_000;
        long endNanos = System.nanoTime()
                + Duration.ofMinutes(Long.getLong("lockstep.soak.minutes", 60)).toNanos();
        List<String> violations = new ArrayList<>();
        for (long seed = first; System.nanoTime() < endNanos; seed += SEEDS_AT_ONCE) {
            violations.addAll(Soak.run(seed, SEEDS_AT_ONCE, Soak.OPTIONS));
        }
        assertThat(violations).isEmpty();
    }
}
