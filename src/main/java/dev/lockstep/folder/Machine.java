package dev.lockstep.folder;

/// The kind of machine this runs on.
final class Machine {
    /// Everything that is no aarch64 is taken for x86-64, the only other one supported.
    static final boolean IS_AARCH64 = System.getProperty("os.arch").equals("aarch64");

    private Machine() {}
}
