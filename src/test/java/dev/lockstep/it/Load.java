package dev.lockstep.it;

/// How much a recipe does: a sample in every build, all of it with `-Dlockstep.full=true`.
final class Load {
    private static final boolean IS_FULL = Boolean.getBoolean("lockstep.full");

    private Load() {}

    static int of(int sample, int full) {
        return IS_FULL ? full : sample;
    }
}
