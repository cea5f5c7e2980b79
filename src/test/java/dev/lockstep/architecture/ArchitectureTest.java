package dev.lockstep.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final String ROOT = "dev.lockstep.";
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.lockstep");
    private static final Pattern TYPE_NAME = Pattern.compile("`([A-Z][A-Za-z]+)(?:\\(\\))?`");

    private static final Map<String, Set<String>> ARROWS = Map.ofEntries(
            Map.entry("failpoint", Set.of()),
            Map.entry("model", Set.of()),
            Map.entry("folder", Set.of("model")),
            Map.entry("watch", Set.of("model", "folder")),
            Map.entry("scan", Set.of("model", "folder", "content")),
            Map.entry("content", Set.of("model", "folder")),
            Map.entry("transfer", Set.of("model", "content")),
            Map.entry("catalog", Set.of("model")),
            Map.entry("consensus", Set.of("model", "catalog")),
            Map.entry("propose", Set.of("model", "folder", "content", "transfer", "consensus")),
            Map.entry("materialize", Set.of("model", "catalog", "folder", "content", "transfer", "consensus")),
            Map.entry(
                    "replica",
                    Set.of(
                            "model",
                            "folder",
                            "watch",
                            "scan",
                            "content",
                            "transfer",
                            "catalog",
                            "consensus",
                            "propose",
                            "materialize")),
            Map.entry(
                    "node",
                    Set.of(
                            "model",
                            "folder",
                            "watch",
                            "scan",
                            "content",
                            "transfer",
                            "catalog",
                            "consensus",
                            "propose",
                            "materialize",
                            "replica")),
            Map.entry("api", Set.of("model", "node", "catalog")),
            Map.entry("cli", Set.of("model", "api", "node")));

    @Test
    void roomsImportOnlyWhatTheirArrowsAllow() {
        List<String> forbidden = new ArrayList<>();
        for (JavaClass type : CLASSES) {
            String room = room(type);
            assertThat(ARROWS).as("room of %s", type.getName()).containsKey(room);
            type.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass())
                    .filter(target -> target.getPackageName().startsWith(ROOT))
                    .map(ArchitectureTest::room)
                    .filter(target -> !target.equals("failpoint"))
                    .filter(target -> !target.equals(room)
                            && !ARROWS.getOrDefault(room, Set.of()).contains(target))
                    .forEach(target -> forbidden.add(type.getName() + " -> " + target));
        }
        assertThat(new TreeSet<>(forbidden)).isEmpty();
    }

    @Test
    void roomsFormNoCycle() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void onlyOneRoomKnowsRatis() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "consensus.ratis")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.ratis..")
                .check(CLASSES);
    }

    @Test
    void everyTypeNamedInTheArchitectureExists() throws IOException {
        Set<String> types =
                CLASSES.stream().map(JavaClass::getSimpleName).collect(Collectors.toCollection(TreeSet::new));
        types.add("ArchitectureTest");
        Set<String> missing = new TreeSet<>();
        Matcher named = TYPE_NAME.matcher(Files.readString(Path.of("ARCHITECTURE.md")));
        while (named.find()) {
            if (!types.contains(named.group(1))) {
                missing.add(named.group(1));
            }
        }
        assertThat(missing).isEmpty();
    }

    private static String room(JavaClass type) {
        String below = type.getPackageName().substring(ROOT.length());
        int dot = below.indexOf('.');
        return dot < 0 ? below : below.substring(0, dot);
    }
}
