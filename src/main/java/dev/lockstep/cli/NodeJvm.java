package dev.lockstep.cli;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// How a node's process is started from this one: the same Java and class path, and what the build put down for it
/// beside the program, `node.options` and the ahead-of-time cache.
final class NodeJvm {
    private static final String OPTIONS = "node.options";
    private static final String CACHE = "lockstep.aot";

    private NodeJvm() {}

    static List<String> command() {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        String classPath = System.getProperty("java.class.path");
        Path beside =
                Path.of(classPath.split(File.pathSeparator)[0]).toAbsolutePath().getParent();
        if (beside != null && Files.exists(beside.resolve(OPTIONS))) {
            command.add("@" + beside.resolve(OPTIONS));
        }
        if (beside != null && Files.exists(beside.resolve(CACHE))) {
            command.add("-XX:AOTCache=" + beside.resolve(CACHE));
        }
        String more = System.getenv("LOCKSTEP_JAVA_OPTS");
        if (more != null && !more.isBlank()) {
            command.addAll(List.of(more.trim().split("\\s+")));
        }
        command.addAll(List.of("-cp", classPath, Lockstep.class.getName()));
        return command;
    }
}
