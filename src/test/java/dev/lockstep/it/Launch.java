package dev.lockstep.it;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// How the program is started: the command line up to its arguments. What is tested is the program as it was built, not
/// the classes that the tests run on.
final class Launch {
    private static final Path BUILT = Path.of("target").toAbsolutePath();
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
        command.add("@" + BUILT.resolve("node.options"));
        command.add("-XX:AOTCache=" + BUILT.resolve("lockstep.aot"));
        command.addAll(flags);
        command.addAll(List.of("-cp", BUILT.resolve("lockstep.jar").toString(), MAIN));
        command.addAll(arguments);
        return command;
    }

    /// A command that ends by itself, such as `status` or `members`.
    static Shell.Ended command(Path directory, String... arguments) throws IOException, InterruptedException {
        return Shell.run(directory, program(List.of(arguments)), COMMAND_PATIENCE);
    }
}
