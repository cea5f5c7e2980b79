package dev.lockstep.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.model.Retention;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

final class PathArgumentTest {
    @ParameterizedTest
    @CsvSource({
        "a/b.txt, a/b.txt,",
        "a@12.3, a, 12.3",
        "lib@1.2@, lib%401.2,",
        "a@@, a%40,",
        "a@12, a%4012,",
        "x y?#, x%20y%3F%23,",
        "a\\xff, a%FF,",
        "a\\x5cxff, a%5Cxff,",
        "a\\b, a%5Cb,",
        "\u00e4\ud83d\ude00, %C3%A4%F0%9F%98%80,",
        "../x, ../x,"
    })
    void pathsAreReadAsTheyArePrinted(String text, String uri, String revision) {
        assertThat(PathArgument.parse(text)).isEqualTo(new PathArgument(uri, Optional.ofNullable(revision)));
    }

    private static Retention retention(String... arguments) {
        HistoryOptions options = new HistoryOptions();
        new CommandLine(new Holder(options)).parseArgs(arguments);
        return options.retention();
    }

    @CommandLine.Command
    private record Holder(@CommandLine.Mixin HistoryOptions options) {}

    @Test
    void retentionHasDefaultsAndUnits() {
        assertThat(retention()).isEqualTo(Retention.DEFAULT);
        assertThat(retention("--history-age", "90m", "--history-bytes", "5k", "--history-count", "7"))
                .isEqualTo(new Retention(Duration.ofMinutes(90), 5 << 10, 7));
    }

    @ParameterizedTest
    @ValueSource(strings = {"--history-age=5", "--history-age=x", "--history-bytes=-1", "--history-count=1k"})
    void whatIsNoAmountIsRefused(String argument) {
        assertThatThrownBy(() -> retention(argument))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(argument.substring(0, argument.indexOf('=')));
    }
}
