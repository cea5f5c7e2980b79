package dev.lockstep.folder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How finely the file system under the tests dates changes.
final class ClockTickTest {
    @TempDir
    private Path dir;

    @Test
    void changesFurtherApartThanTheTickAreDatedDifferently() throws IOException {
        try (NativeFolderRoot root = NativeFolderRoot.open(dir)) {
            long tickNanos = root.clockTickNanos(RelativePath.ROOT);
            assertThat(tickNanos).isBetween(0L, 2_000_000_000L);
            assertThat(root.list(RelativePath.ROOT)).as("the probe is gone").isEmpty();
            try (FileHandle file = root.createExclusive(RelativePath.of("f"), 0600)) {
                for (int round = 0; round < (tickNanos == 0 ? 1000 : 2); round++) {
                    long before = file.stamp().ctimeNanos();
                    long start = System.nanoTime();
                    while (System.nanoTime() - start <= tickNanos) {
                        Thread.onSpinWait();
                    }
                    file.write(ByteBuffer.wrap(new byte[] {1}), 0);
                    assertThat(file.stamp().ctimeNanos()).isNotEqualTo(before);
                }
            }
        }
    }
}
