package dev.lockstep.cli;

import dev.lockstep.model.Retention;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/// How much history a node keeps.
final class HistoryOptions {
    private static final Pattern NUMBER = Pattern.compile("(\\d{1,15})([a-z]?)");

    @Option(
            names = "--history-age",
            description = "How long old contents are kept: a number with s, m, h or d (default: ${DEFAULT-VALUE}).")
    private String age = "30d";

    @Option(
            names = "--history-bytes",
            description = "How much room they may take on this node: a number, with k, m or g (default:"
                    + " ${DEFAULT-VALUE}).")
    private String bytes = "10g";

    @Option(names = "--history-count", description = "How many there may be (default: ${DEFAULT-VALUE}).")
    private String count = "100000";

    /// @throws IllegalArgumentException naming the option that is wrong
    Retention retention() {
        return new Retention(
                Duration.ofSeconds(number("--history-age", age, "smhd", 1, 60, 3_600, 86_400)),
                number("--history-bytes", bytes, "kmg", 1 << 10, 1 << 20, 1 << 30),
                number("--history-count", count, ""));
    }

    private static long number(String option, String text, String units, long... factors) {
        Matcher matcher = NUMBER.matcher(text);
        if (matcher.matches()) {
            String unit = matcher.group(2);
            long number = Long.parseLong(matcher.group(1));
            int at = unit.isEmpty() ? -1 : units.indexOf(unit);
            if (at >= 0 || (unit.isEmpty() && !option.equals("--history-age"))) {
                return Math.multiplyExact(number, at < 0 ? 1 : factors[at]);
            }
        }
        throw new IllegalArgumentException("not a value for " + option + ": " + text
                + (units.isEmpty() ? "" : "; write a number and one of " + String.join(", ", units.split(""))));
    }

    /// For the command line of another process.
    List<String> arguments() {
        return List.of("--history-age", age, "--history-bytes", bytes, "--history-count", count);
    }
}
