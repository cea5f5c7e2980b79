package dev.lockstep.it;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// How the program is started: the command line up to its arguments.
final class Launch {
    private static final List<String> NODE_FLAGS = List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Xmx112m",
            "-XX:MaxDirectMemorySize=64m",
            "-XX:+UseSerialGC",
            "-Xss512k",
            "-XX:TrimNativeHeapInterval=5000");
    private static final String MAIN = "dev.lockstep.cli.Lockstep";
    private static final Duration COMMAND_PATIENCE = Duration.ofMinutes(1);

    private Launch() {}

    static List<String> program(List<String> arguments) {
        return program(List.of(), arguments);
    }

    /// @param flags for the virtual machine, besides the usual ones
    static List<String> program(List<String> flags, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(NODE_FLAGS);
        command.addAll(flags);
        command.addAll(List.of("-cp", classPath(), MAIN));
        command.addAll(arguments);
        return command;
    }

    /// A command that ends by itself, such as `status` or `members`.
    static Shell.Ended command(Path directory, String... arguments) throws IOException, InterruptedException {
        return Shell.run(directory, program(List.of(arguments)), COMMAND_PATIENCE);
    }

    /// What the tests themselves run on, without the tests.
    private static String classPath() {
        String[] parts = System.getProperty("java.class.path").split(File.pathSeparator);
        return String.join(
                File.pathSeparator,
                Arrays.stream(parts)
                        .filter(part -> !part.endsWith("test-classes") && !part.endsWith("test-classes/"))
                        .toList());
    }
}
