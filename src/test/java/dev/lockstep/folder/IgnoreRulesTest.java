package dev.lockstep.folder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IgnoreRulesTest {
    private static boolean isIgnored(String rules, String path) {
        boolean isDirectory = path.endsWith("/");
        String bare = isDirectory ? path.substring(0, path.length() - 1) : path;
        return IgnoreRules.parse(Bytes.utf8(rules)).isIgnored(RelativePath.of(bare), isDirectory);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "*.log|a.log|true",
                "*.log|d/a.log|true",
                "*.log|a.log/inside|true",
                "*.log|a.logs|false",
                "/x|x|true",
                "/x|d/x|false",
                "build/|build/|true",
                "build/|build|false",
                "build/|a/build/|true",
                "build/|build/a/b|true",
                "a/**/b|a/b|true",
                "a/**/b|a/x/y/b|true",
                "**/t|t|true",
                "**/t|a/b/t|true",
                "a/**|a/|false",
                "a/**|a/x|true",
                "doc/f*|doc/fx|true",
                "doc/f*|a/doc/fx|false",
                "foo/*|foo/x|true",
                "foo/*|bar/foo/x|false",
                "a?b|a/b|false",
                "a?b|axb|true",
                "[a-c]x|bx|true",
                "[!a-c]x|dx|true",
                "[!a-c]x|bx|false",
                "[[:digit:]]|7|true",
                "\\#x|#x|true",
                "#x|#x|false",
                "\\!x|!x|true",
                "x\\ |x |true",
                "x  |x|true",
                "a\\*b|a*b|true",
                "a\\*b|axb|false",
                "x\\\\y|x\\y|true",
                "{a,b}|a|false",
                "a.b|axb|false",
                "A|a|false",
                "*|x|true",
                "a[|a[|false",
            })
    void ruleMatchesAsWithGit(String rule, String path, boolean isIgnored) throws Exception {
        assertThat(isIgnored(rule, path)).isEqualTo(isIgnored);
    }

    /// The same rules and paths, judged by git itself where there is one.
    @Test
    void gitAgrees(@TempDir Path repository) throws Exception {
        assumeTrue(isGitHere(repository), "git is installed");
        String rules =
                "*.log\n!keep.log\n/top\nbuild/\na/**/b\ndoc/f*\n[!a-c]x\n\\#x\nx\\ \n\\!y\n?\u00e9\nq\\*\n*~\nm/*\n!m/n\n";
        Files.writeString(repository.resolve(".gitignore"), rules);
        IgnoreRules own = IgnoreRules.parse(Bytes.utf8(rules));
        List<String> paths = List.of(
                "a.log",
                "keep.log",
                "d/keep.log",
                "top",
                "d/top",
                "build/x",
                "d/build/keep.log",
                "a/b",
                "a/c/d/b",
                "a/c/d/e",
                "doc/fine",
                "doc/e",
                "x/doc/fine",
                "dx",
                "ax",
                "#x",
                "x ",
                "x",
                "!y",
                "y",
                "z\u00e9",
                "\u00e9\u00e9",
                "q*",
                "qq",
                "draft~",
                "m/n",
                "m/o",
                "m/n/o",
                "b",
                "log");
        for (String path : paths) {
            Process git = git(repository, "check-ignore", "-q", "--no-index", "--", path);
            assertThat(git.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(own.isIgnored(RelativePath.of(path), false))
                    .as("%s is ignored", path)
                    .isEqualTo(git.exitValue() == 0);
        }
    }

    private static boolean isGitHere(Path repository) throws InterruptedException {
        try {
            return git(repository, "init", "-q").waitFor() == 0;
        } catch (IOException missing) {
            return false;
        }
    }

    private static Process git(Path repository, String... arguments) throws IOException {
        List<String> command = new java.util.ArrayList<>(List.of("git", "-c", "core.excludesFile="));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .directory(repository.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    @Test
    void lastMatchingRuleDecides() {
        assertThat(isIgnored("*.log\n!keep.log\n", "keep.log")).isFalse();
        assertThat(isIgnored("!keep.log\n*.log\n", "keep.log")).isTrue();
    }

    @Test
    void nothingInIgnoredDirectoryCanBeExcepted() {
        assertThat(isIgnored("build/\n!build/keep\n", "build/keep")).isTrue();
        assertThat(isIgnored("build/*\n!build/keep\n", "build/keep")).isFalse();
    }

    @Test
    void conflictCopyIsIgnoredIfWhatItIsACopyOfIs() {
        String onlySite = "/*\n!/site/\n!/site.conf\n";
        assertThat(isIgnored(onlySite, "site (conflict node1 1a2b3c4d).conf")).isFalse();
        assertThat(isIgnored(onlySite, "site (conflict node1 1a2b3c4d 2).conf")).isFalse();
        assertThat(isIgnored(onlySite, "other (conflict node1 1a2b3c4d).conf")).isTrue();
        assertThat(isIgnored("*.log", "a (conflict node1 1a2b3c4d).log")).isTrue();
        assertThat(isIgnored("/build/*", "build (conflict node1 1a2b3c4d)/x")).isTrue();
        assertThat(isIgnored("*conflict*", "a (conflict node1 1a2b3c4d).log")).isFalse();
        assertThat(isIgnored("*conflict*", "a conflict.log")).isTrue();
    }

    @Test
    void namesThatAreNoUtf8AreMatchedByteByByte() {
        RelativePath odd = RelativePath.ROOT.child(new Name(Bytes.wrap(new byte[] {'a', (byte) 0xff, '.', 'o'})));
        assertThat(IgnoreRules.parse(Bytes.utf8("*.o")).isIgnored(odd, false)).isTrue();
        assertThat(IgnoreRules.parse(Bytes.utf8("a?.o")).isIgnored(odd, false)).isTrue();
        assertThat(IgnoreRules.parse(Bytes.wrap(new byte[] {'a', (byte) 0xff, '*'}))
                        .isIgnored(odd, false))
                .isTrue();
        assertThat(IgnoreRules.parse(Bytes.wrap(new byte[] {'a', (byte) 0xfe, '*'}))
                        .isIgnored(odd, false))
                .isFalse();
    }

    @Test
    void fileOfRulesIsNeverIgnoredItself() {
        assertThat(isIgnored("*", ".lockstepignore")).isFalse();
        assertThat(isIgnored("*", "d/.lockstepignore")).isTrue();
    }

    @Test
    void linesOfOtherSystemsAreRules() {
        assertThat(isIgnored("\ufeff*.a\r\n*.b\r\n", "x.a")).isTrue();
        assertThat(isIgnored("\ufeff*.a\r\n*.b\r\n", "x.b")).isTrue();
    }

    @Test
    void whatIsNoRuleIsNamed() {
        IgnoreRules rules = IgnoreRules.parse(Bytes.utf8("ok\n\n# a comment\na*b*c*d*e\n/\n"));
        assertThat(rules.problems()).hasSize(2);
        assertThat(rules.problems().getFirst()).startsWith("line 4 ");
        assertThat(rules.isIgnored(RelativePath.of("ok"), false)).isTrue();
        assertThat(IgnoreRules.parse(Bytes.utf8("x\n".repeat(20_000))).problems())
                .hasSize(1);
        IgnoreRules many = IgnoreRules.parse(Bytes.utf8("y\n".repeat(IgnoreRules.RULES_MAX + 5)));
        assertThat(many.problems()).hasSize(1);
        assertThat(many.isAny()).isTrue();
    }

    /// Names made to be hard to match cost bounded time.
    @Test
    void hardestRuleAndNameTakeShortTime() {
        IgnoreRules rules = IgnoreRules.parse(Bytes.utf8("a*a*a*b\n*a*a*b\n".repeat(10)));
        assertThat(rules.problems()).isEmpty();
        RelativePath hard = RelativePath.of("a".repeat(255));
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertThat(rules.isIgnored(hard, false)).isFalse());
    }
}
