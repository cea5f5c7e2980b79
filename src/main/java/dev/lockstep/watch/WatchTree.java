package dev.lockstep.watch;

import dev.lockstep.model.Name;
import dev.lockstep.model.RelativePath;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which watch is on which directory. A watch stays on its directory when that is renamed: only the one
/// record of the renamed
/// directory changes. Used by the reader thread alone.
final class WatchTree {
    private static final class Node {
        private final int watch;
        private @Nullable Node parent;
        private @Nullable Name name;
        private final Map<Name, Node> children = new HashMap<>();

        private Node(int watch) {
            this.watch = watch;
        }
    }

    private final Map<Integer, Node> byWatch = new HashMap<>();
    private final Node root;

    WatchTree(int rootWatch) {
        root = new Node(rootWatch);
        byWatch.put(rootWatch, root);
    }

    int rootWatch() {
        return root.watch;
    }

    int size() {
        return byWatch.size();
    }

    boolean isKnown(int watch) {
        return byWatch.containsKey(watch);
    }

    /// @return null if the directory is not watched, or is no longer in the tree
    @Nullable
    RelativePath path(int watch) {
        List<Name> names = new ArrayList<>();
        Node node = byWatch.get(watch);
        while (node != null && node != root) {
            if (node.name == null) {
                return null;
            }
            names.add(node.name);
            node = node.parent;
        }
        return node == null ? null : new RelativePath(names.reversed());
    }

    /// Notes that the directory at `path` has this watch, whatever it was before.
    void put(RelativePath path, int watch) {
        Node parent = find(path.parent());
        if (parent == null) {
            return;
        }
        Node node = byWatch.computeIfAbsent(watch, Node::new);
        detach(node);
        attach(node, parent, path.name());
    }

    /// @return whether a watched directory stood at `from`
    boolean move(RelativePath from, RelativePath to) {
        Node node = find(from);
        Node parent = find(to.parent());
        if (node == null || parent == null || node == root) {
            return false;
        }
        detach(node);
        attach(node, parent, to.name());
        return true;
    }

    private @Nullable Node find(RelativePath path) {
        Node node = root;
        for (Name name : path.names()) {
            node = node.children.get(name);
            if (node == null) {
                return null;
            }
        }
        return node;
    }

    private static void attach(Node node, Node parent, Name name) {
        Node before = parent.children.put(name, node);
        if (before != null && before != node) {
            before.parent = null;
            before.name = null;
        }
        node.parent = parent;
        node.name = name;
    }

    private static void detach(Node node) {
        if (node.parent != null && node.name != null) {
            node.parent.children.remove(node.name, node);
        }
        node.parent = null;
        node.name = null;
    }

    /// Forgets one watch that the kernel has dropped.
    void dropped(int watch) {
        Node node = byWatch.remove(watch);
        if (node != null) {
            detach(node);
        }
    }

    /// Forgets the directory at `path` and all below it.
    ///
    /// @return their watches
    List<Integer> remove(RelativePath path) {
        List<Integer> watches = new ArrayList<>();
        Node node = find(path);
        if (node != null && node != root) {
            detach(node);
            collect(node, watches);
        }
        return watches;
    }

    private void collect(Node node, List<Integer> watches) {
        watches.add(node.watch);
        byWatch.remove(node.watch);
        node.children.values().forEach(child -> collect(child, watches));
    }
}
