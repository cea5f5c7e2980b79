package dev.lockstep.model;

import java.util.regex.Pattern;

/// The name of a node, chosen by the administrator.
///
/// @param value 1 to 63 of `a-z 0-9 . _ -`, beginning with a letter or digit
public record NodeId(String value) implements Comparable<NodeId> {
    private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

    /// @throws IllegalArgumentException if the value has another form
    public NodeId {
        if (!FORM.matcher(value).matches()) {
            throw new IllegalArgumentException("not a node id (1 to 63 of a-z 0-9 . _ -): " + value);
        }
    }

    @Override
    public int compareTo(NodeId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
