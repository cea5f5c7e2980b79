package dev.lockstep.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.NodeList;

/// The compiler, with the arguments that the pom gives it, refuses what NullAway is there for. A check that
/// fell asleep would look like code without faults.
final class NullAwayTest {
    private static final String SOUND = """
            package sample;
            @org.jspecify.annotations.NullMarked
            final class Sample {
                private Sample() {}
                static String text(@org.jspecify.annotations.Nullable String maybe) {
                    return maybe == null ? "" : maybe;
                }
            }
            """;

    @TempDir
    private Path directory;

    @Test
    void nullWhereNoneMayBeIsRefused() throws Exception {
        Compiled faulty = compile(SOUND.replace("maybe == null ? \"\" : maybe", "maybe"));
        assertThat(faulty.output()).contains("[NullAway] returning @Nullable expression");
        assertThat(faulty.code()).isNotZero();
    }

    @Test
    void theSameWithoutTheFaultIsTaken() throws Exception {
        Compiled sound = compile(SOUND);
        assertThat(sound.output()).isEmpty();
        assertThat(sound.code()).isZero();
    }

    /// NullAway looks only where it is told to.
    @Test
    void everyRoomIsNullMarked() throws IOException {
        List<Path> unmarked = new ArrayList<>();
        try (Stream<Path> all = Files.walk(Path.of("src", "main", "java"))) {
            for (Path directoryOfRoom : all.filter(NullAwayTest::holdsSources).toList()) {
                Path marks = directoryOfRoom.resolve("package-info.java");
                if (Files.notExists(marks) || !Files.readString(marks).contains("@NullMarked")) {
                    unmarked.add(directoryOfRoom);
                }
            }
        }
        assertThat(unmarked).isEmpty();
    }

    private static boolean holdsSources(Path path) {
        String[] names = path.toFile().list((_, name) -> name.endsWith(".java"));
        return names != null && names.length > 0;
    }

    private record Compiled(int code, String output) {}

    private Compiled compile(String source) throws Exception {
        Path file = Files.writeString(directory.resolve("Sample.java"), source);
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "javac").toString());
        command.addAll(argumentsOfThePom());
        command.addAll(List.of("-processorpath", System.getProperty("java.class.path")));
        command.addAll(List.of("-classpath", jspecify(), "-d", directory.toString(), file.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Compiled(process.waitFor(), output);
    }

    private static List<String> argumentsOfThePom() throws Exception {
        NodeList given = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(Path.of("pom.xml").toFile())
                .getElementsByTagName("arg");
        List<String> arguments = new ArrayList<>();
        for (int i = 0; i < given.getLength(); i++) {
            arguments.add(given.item(i).getTextContent());
        }
        assertThat(arguments).as("arguments of the compiler in the pom").isNotEmpty();
        return arguments;
    }

    private static String jspecify() {
        return Stream.of(System.getProperty("java.class.path").split(":", -1))
                .filter(part -> part.contains("jspecify"))
                .findFirst()
                .orElseThrow();
    }
}
