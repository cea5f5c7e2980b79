package dev.lockstep.model;

import java.util.regex.Pattern;

/// The identity of one state directory: random, made once when the directory is made, never used again for
/// another.
///
/// @param value 16 lower-case hexadecimal digits
public record StoreId(String value) implements Comparable<StoreId> {
    private static final Pattern FORM = Pattern.compile("[0-9a-f]{16}");

    /// @throws IllegalArgumentException if the value has another form
    public StoreId {
        if (!FORM.matcher(value).matches()) {
            throw new IllegalArgumentException("not a store id (16 hexadecimal digits): " + value);
        }
    }

    @Override
    public int compareTo(StoreId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
