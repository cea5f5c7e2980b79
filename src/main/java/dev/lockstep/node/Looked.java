package dev.lockstep.node;

/// What came of a look into the catalog.
public sealed interface Looked<T> {
    /// @param index the log index at which it was so
    record Found<T>(long index, T value) implements Looked<T> {}

    record Missing<T>(String reason) implements Looked<T> {}

    /// The revision is known, its bytes are kept by no node that could be asked.
    record Gone<T>(String reason) implements Looked<T> {}

    /// What was asked for does not fit what stands there.
    record Unfit<T>(String reason) implements Looked<T> {}

    record NoQuorum<T>() implements Looked<T> {}
}
