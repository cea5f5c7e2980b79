package dev.lockstep.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PathParameterTest {
    @Test
    void namesArePercentEncodedBytes() {
        assertThat(PathParameter.decode("a/b%20c/%c3%a4")).isEqualTo(RelativePath.of("a/b c/\u00e4"));
        Bytes raw = Bytes.wrap(new byte[] {(byte) 0xff, '\\'});
        assertThat(PathParameter.decode("%FF%5C")).isEqualTo(RelativePath.ROOT.child(new Name(raw)));
        assertThat(PathParameter.decode("a+b;c=d")).isEqualTo(RelativePath.of("a+b;c=d"));
        assertThat(PathParameter.decode("...")).isEqualTo(RelativePath.of("..."));
        assertThat(PathParameter.decode("")).isEqualTo(RelativePath.ROOT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "..", ".", "/", "/a", "a/", "a//b", "a/../b", "%2e%2e", "a/%2E", "%2f", "a%2fb", "%00", "%", "%1",
                "%gg", "%-1", "a b", "\u00e4"
            })
    void whatIsNoPathInsideTheFolderIsRefused(String raw) {
        assertThatThrownBy(() -> PathParameter.decode(raw))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("not a path inside the folder");
    }

    @Test
    void namesAreAsLongAsLinuxTakesThem() {
        assertThat(PathParameter.decode("x".repeat(255)).depth()).isEqualTo(1);
        assertThatThrownBy(() -> PathParameter.decode("%78".repeat(256))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void conditionsCompareWholeTags() {
        Optional<Revision> current = Optional.of(new Revision(12, 0));
        assertThat(ETags.ifMatch(null).test(Optional.empty())).isTrue();
        assertThat(ETags.ifMatch("\"12.0\"").test(current)).isTrue();
        assertThat(ETags.ifMatch("\"1.0\", \"12.0\"").test(current)).isTrue();
        assertThat(ETags.ifMatch("*").test(current)).isTrue();
        assertThat(ETags.ifMatch("*").test(Optional.empty())).isFalse();
        assertThat(ETags.ifMatch("12.0").test(current)).isFalse();
        assertThat(ETags.ifMatch("\"2.0\"").test(current)).isFalse();
        assertThat(ETags.isKnown(null, current.get())).isFalse();
    }
}
