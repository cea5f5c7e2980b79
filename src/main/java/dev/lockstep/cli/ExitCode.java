package dev.lockstep.cli;

/// What the commands exit with.
final class ExitCode {
    static final int OK = 0;
    static final int FAILED = 1;
    /// What the parser of arguments uses, too.
    static final int WRONG_USAGE = 2;
    static final int UNREACHABLE = 3;
    static final int NOT_IN_TIME = 4;

    private ExitCode() {}
}
