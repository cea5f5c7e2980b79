package dev.lockstep.consensus.ratis;

/// What is at the bottom of a failure: what wraps it names the layers of a library, not the thing that is wrong.
final class Causes {
    private Causes() {}

    static Throwable root(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
