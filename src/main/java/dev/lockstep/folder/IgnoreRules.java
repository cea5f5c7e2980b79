package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.ConflictMark;
import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.jgit.ignore.FastIgnoreRule;

/// The rules of one `.lockstepignore`, in the syntax of gitignore(5). Immutable.
///
/// Rules and names are compared byte by byte, as git does it: a `?` is one byte, and no encoding is assumed. So a name
/// that is no UTF-8 is matched like any other.
///
/// @see <a href="https://git-scm.com/docs/gitignore">gitignore(5)</a>
public final class IgnoreRules implements IgnoredPaths {
    /// The file at the folder's root that holds the rules; replicated like any other, and itself never ignored.
    public static final Name FILE = Change.Release.RULES_FILE;

    public static final int BYTES_MAX = 32 << 10;
    public static final IgnoreRules NONE = new IgnoreRules(List.of(), List.of());

    /// What the matcher takes for a name grows with its length to the power of the asterisks between two slashes.
    static final int ASTERISKS_MAX = 3;

    static final int RULES_MAX = 1000;
    private static final int ANY_DEPTH_MAX = 4;
    private static final Pattern SLASH = Pattern.compile("/");
    private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";

    private final List<FastIgnoreRule> rules;
    private final List<String> problems;

    private IgnoreRules(List<FastIgnoreRule> rules, List<String> problems) {
        this.rules = List.copyOf(rules);
        this.problems = List.copyOf(problems);
    }

    /// Lines that are no rules are left out and named in [#problems].
    ///
    /// @param text the whole file; one of more than [#BYTES_MAX] holds no rules
    public static IgnoreRules parse(Bytes text) {
        if (text.size() > BYTES_MAX) {
            return tooLarge();
        }
        String latin = new String(text.unsafeArray(), StandardCharsets.ISO_8859_1);
        String content = latin.startsWith(BYTE_ORDER_MARK) ? latin.substring(BYTE_ORDER_MARK.length()) : latin;
        List<FastIgnoreRule> rules = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        int line = 0;
        for (String raw : content.split("\n", -1)) {
            line++;
            String pattern = raw.endsWith("\r") ? raw.substring(0, raw.length() - 1) : raw;
            if (pattern.isBlank() || pattern.startsWith("#")) {
                continue;
            }
            FastIgnoreRule rule = new FastIgnoreRule(pattern);
            if (isTooHard(pattern)) {
                problems.add("line " + line + " has too many asterisks and is no rule");
            } else if (rule.isEmpty()) {
                problems.add("line " + line + " is no rule");
            } else if (rules.size() == RULES_MAX) {
                problems.add("line " + line + " and the following are left out: more than " + RULES_MAX + " rules");
                break;
            } else {
                rules.add(rule);
            }
        }
        return new IgnoreRules(rules, problems);
    }

    /// The rules of a file that is too large to hold any.
    public static IgnoreRules tooLarge() {
        return new IgnoreRules(List.of(), List.of("holds more than " + BYTES_MAX + " bytes: none of its rules counts"));
    }

    private static boolean isTooHard(String pattern) {
        int anyDepth = 0;
        for (String part : SLASH.split(pattern)) {
            long asterisks = part.chars().filter(c -> c == '*').count();
            if (part.equals("**")) {
                anyDepth++;
            } else if (asterisks > ASTERISKS_MAX) {
                return true;
            }
        }
        return anyDepth > ANY_DEPTH_MAX;
    }

    /// What is wrong with the file, for people.
    public List<String> problems() {
        return problems;
    }

    @Override
    public boolean isAny() {
        return !rules.isEmpty();
    }

    /// Nothing below an ignored directory can be excepted, as with git. A conflict copy is ignored if what it is a copy
    /// of is: otherwise an entry that rules except would lose its copies, which stand beside it where they do not.
    @Override
    public boolean isIgnored(RelativePath path, boolean isDirectory) {
        if (rules.isEmpty()
                || path.isRoot()
                || (path.depth() == 1 && path.name().equals(FILE))) {
            return false;
        }
        StringBuilder way = new StringBuilder();
        for (int depth = 1; depth <= path.depth(); depth++) {
            way.append(depth == 1 ? "" : "/")
                    .append(ConflictMark.wanted(path.names().get(depth - 1)));
            if (isMatched(way.toString(), isDirectory || depth < path.depth())) {
                return true;
            }
        }
        return false;
    }

    /// The last rule that matches decides.
    private boolean isMatched(String path, boolean isDirectory) {
        for (FastIgnoreRule rule : rules.reversed()) {
            if (rule.isMatch(path, isDirectory, true)) {
                return rule.getResult();
            }
        }
        return false;
    }
}
