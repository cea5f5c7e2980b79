package dev.lockstep.it;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Every content a test wrote, and what has become of it. Kept means: at its name, or in a conflict copy
/// beside it.
/// Safe for several threads.
final class Ledger {
    private static final String COPY_MARK = "%20(conflict%20";

    private final Map<String, Set<String>> owed = new HashMap<>();
    private final Map<String, Set<String>> known = new HashMap<>();

    /// The writer knew all that stood at the path: only this content is owed from now on.
    synchronized void written(String path, byte[] content) {
        owed.put(path, new HashSet<>(Set.of(Sha256.of(content))));
        known.computeIfAbsent(path, _ -> new HashSet<>()).add(Sha256.of(content));
    }

    /// The writer did not know what others wrote at the path meanwhile: their contents stay owed.
    synchronized void writtenUnseen(String path, byte[] content) {
        owed.computeIfAbsent(path, _ -> new HashSet<>()).add(Sha256.of(content));
        known.computeIfAbsent(path, _ -> new HashSet<>()).add(Sha256.of(content));
    }

    synchronized void moved(String from, String to) {
        owed.put(to, owed.getOrDefault(from, Set.of()));
        owed.remove(from);
        known.put(to, new HashSet<>(known.getOrDefault(from, Set.of())));
    }

    synchronized void deleted(String path) {
        owed.remove(path);
    }

    /// @param area what stands below the directory that the paths are relative to; plain names only
    synchronized void assertKept(TreeImage area, String node) {
        List<String> wrong = new ArrayList<>();
        owed.forEach((path, contents) -> {
            Set<String> standing = standing(area, path);
            for (String content : contents) {
                if (!standing.contains(content)) {
                    wrong.add("lost: " + path + " with digest " + content + ", there are " + standing);
                }
            }
            standing.removeAll(known.getOrDefault(path, Set.of()));
            standing.forEach(content -> wrong.add("nobody wrote: " + path + " with digest " + content));
        });
        if (!wrong.isEmpty()) {
            throw new AssertionError("on " + node + ":\n  " + String.join("\n  ", wrong) + "\n  of "
                    + area.items().keySet());
        }
    }

    /// Digests of the file and of its conflict copies.
    private static Set<String> standing(TreeImage area, String path) {
        int dot = path.lastIndexOf('.');
        String stem = (dot > path.lastIndexOf('/') + 1 ? path.substring(0, dot) : path) + COPY_MARK;
        Set<String> digests = new HashSet<>();
        area.items().forEach((name, item) -> {
            if (name.equals(path) || name.startsWith(stem)) {
                digests.add(item.content());
            }
        });
        return digests;
    }
}
