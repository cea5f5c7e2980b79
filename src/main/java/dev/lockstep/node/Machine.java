package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Escaped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What the operating system says of itself. Stateless.
///
/// @param proc             where the kernel tells of itself, `/proc`
/// @param fileNameEncoding how this Java process writes file names, such as `UTF-8`
public record Machine(Path proc, String fileNameEncoding) {
    static final String BOOT_ID = "lockstep.bootId";

    private static final Pattern OCTAL = Pattern.compile("\\\\([0-7]{3})");

    public static Machine real() {
        return new Machine(Path.of("/proc"), System.getProperty("sun.jnu.encoding", "unknown"));
    }

    /// Where a directory stands.
    ///
    /// @param device of its file system; may be numbered anew at a boot
    /// @param inode  of the directory itself
    public record Spot(String device, String inode) {}

    /// The system property [#BOOT_ID], by which tests pretend another boot, comes first.
    ///
    /// @return differs after each boot; empty if the system does not tell
    Optional<String> bootId() {
        String pretended = System.getProperty(BOOT_ID);
        return pretended != null ? Optional.of(pretended) : line(proc.resolve("sys/kernel/random/boot_id"));
    }

    /// @return nanoseconds since 1970, to the second; empty if the system does not tell
    OptionalLong bootNanos() {
        try (Stream<String> lines = Files.lines(proc.resolve("stat"))) {
            return lines.filter(line -> line.matches("btime \\d{1,12}"))
                    .mapToLong(line -> Long.parseLong(line, 6, line.length(), 10))
                    .map(TimeUnit.SECONDS::toNanos)
                    .findFirst();
        } catch (IOException | UncheckedIOException unknown) {
            return OptionalLong.empty();
        }
    }

    Spot spot(Path directory) throws IOException {
        return new Spot(
                String.valueOf(Files.getAttribute(directory, "unix:dev")),
                String.valueOf(Files.getAttribute(directory, "unix:ino")));
    }

    /// @return names the mount a directory is in, together with the table of mounts that this process sees, as
    ///     `table/number`; a number tells nothing in another table
    String mount(Path directory) {
        String table;
        List<String> mounts;
        try {
            table = Files.readSymbolicLink(proc.resolve("self/ns/mnt")).toString();
            mounts = Files.readAllLines(proc.resolve("self/mountinfo"));
        } catch (IOException unknown) {
            return "unknown/0";
        }
        String number = "0";
        int longest = -1;
        for (String mount : mounts) {
            String[] words = mount.split(" ");
            if (words.length < 5) {
                continue;
            }
            Path point = Path.of(unescape(words[4]));
            if (directory.startsWith(point) && point.getNameCount() >= longest) {
                longest = point.getNameCount();
                number = words[0];
            }
        }
        return table + "/" + number;
    }

    private static String unescape(String text) {
        Matcher octal = OCTAL.matcher(text);
        return octal.replaceAll(
                match -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 8))));
    }

    /// @return such as `java (pid 4711)`
    String program(long pid) {
        String name = line(proc.resolve(pid + "/comm")).orElse("a program");
        return Escaped.of(Bytes.utf8(name)) + " (pid " + pid + ")";
    }

    /// @return who holds the lock on the directory, as far as the system tells
    Optional<Long> lockHolder(Spot directory) {
        List<String> locks;
        try {
            locks = Files.readAllLines(proc.resolve("locks"));
        } catch (IOException unknown) {
            return Optional.empty();
        }
        return locks.stream()
                .map(line -> line.trim().split("\\s+"))
                .filter(words -> words.length > 5
                        && words[1].equals("FLOCK")
                        && words[5].endsWith(":" + directory.inode())
                        && words[4].matches("\\d{1,9}"))
                .map(words -> Long.valueOf(words[4]))
                .filter(pid -> pid > 0)
                .findFirst();
    }

    private static Optional<String> line(Path file) {
        try {
            String text = Files.readString(file).strip();
            return text.isEmpty() ? Optional.empty() : Optional.of(text);
        } catch (IOException unknown) {
            return Optional.empty();
        }
    }
}
