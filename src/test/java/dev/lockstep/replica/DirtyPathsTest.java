package dev.lockstep.replica;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.RelativePath;
import org.junit.jupiter.api.Test;

final class DirtyPathsTest {
    private static final RelativePath PATH = RelativePath.of("a");
    private static final long OLD = 3;
    private static final long NEW = 5;

    private final DirtyPaths dirty = new DirtyPaths();

    @Test
    void anOlderHintThatComesBackToWhatIsDueIsNotForgotten() {
        dirty.now(PATH, NEW, 0);
        dirty.now(PATH, OLD, 0);
        assertOldest();
    }

    @Test
    void anOlderHintThatIsToBeLookedAtLaterIsNotForgotten() {
        dirty.now(PATH, NEW, 0);
        dirty.later(PATH, OLD, 0, 100);
        assertOldest();
    }

    @Test
    void anOlderHintThatIsToBeLookedAtWhenSettledIsNotForgotten() {
        dirty.now(PATH, NEW, 0);
        dirty.whenSettled(PATH, OLD, 0);
        assertOldest();
    }

    /// The path is looked at as soon as it would have been, and once.
    private void assertOldest() {
        assertThat(dirty.oldestSequence()).isEqualTo(OLD);
        assertThat(dirty.untilDue(0)).isZero();
        assertThat(dirty.take(0, 10)).containsExactly(new DirtyPaths.Dirty(PATH, OLD, 0, 0));
        assertThat(dirty.take(1_000, 10)).isEmpty();
        assertThat(dirty.oldestSequence()).isEqualTo(Long.MAX_VALUE);
    }
}
