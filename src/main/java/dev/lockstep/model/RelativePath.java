package dev.lockstep.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A path inside a folder: names from the folder's root downwards. [#ROOT] is the folder itself.
///
/// @param names one [Name] per level, outermost first
public record RelativePath(List<Name> names) implements Comparable<RelativePath> {
    public static final RelativePath ROOT = new RelativePath(List.of());

    public RelativePath {
        names = List.copyOf(names);
    }

    /// Parses names separated by `/`.
    ///
    /// @throws IllegalArgumentException if a component is empty, `.`, `..` or too long
    public static RelativePath of(String text) {
        return of(Bytes.utf8(text));
    }

    /// @throws IllegalArgumentException as [#of(String)]
    public static RelativePath of(Bytes slashed) {
        List<Name> names = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= slashed.size() && slashed.size() > 0; i++) {
            if (i == slashed.size() || slashed.at(i) == '/') {
                names.add(new Name(slashed.slice(start, i)));
                start = i + 1;
            }
        }
        return new RelativePath(names);
    }

    public RelativePath child(Name name) {
        Name[] all = names.toArray(new Name[names.size() + 1]);
        all[names.size()] = name;
        return new RelativePath(Arrays.asList(all));
    }

    public boolean isRoot() {
        return names.isEmpty();
    }

    public int depth() {
        return names.size();
    }

    /// @throws IllegalStateException at the root
    public RelativePath parent() {
        requireBelowRoot();
        return new RelativePath(names.subList(0, names.size() - 1));
    }

    /// @throws IllegalStateException at the root
    public Name name() {
        requireBelowRoot();
        return names.getLast();
    }

    /// Whether this is `ancestor` itself or lies below it.
    public boolean startsWith(RelativePath ancestor) {
        return depth() >= ancestor.depth() && names.subList(0, ancestor.depth()).equals(ancestor.names);
    }

    /// The names joined by `/`; empty for the root.
    public Bytes toBytes() {
        int size = Math.max(0, names.size() - 1);
        for (Name name : names) {
            size += name.bytes().size();
        }
        byte[] joined = new byte[size];
        int at = 0;
        for (Name name : names) {
            if (at > 0) {
                joined[at++] = '/';
            }
            System.arraycopy(
                    name.bytes().unsafeArray(), 0, joined, at, name.bytes().size());
            at += name.bytes().size();
        }
        return Bytes.wrap(joined);
    }

    private void requireBelowRoot() {
        if (isRoot()) {
            throw new IllegalStateException("the root has neither parent nor name");
        }
    }

    @Override
    public int compareTo(RelativePath other) {
        int common = Math.min(depth(), other.depth());
        for (int i = 0; i < common; i++) {
            int order = names.get(i).compareTo(other.names.get(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(depth(), other.depth());
    }

    /// For people, see [Name#toString()].
    @Override
    public String toString() {
        return Escaped.of(toBytes());
    }
}
