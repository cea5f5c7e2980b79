package dev.lockstep.cli;

/// What the commands exit with; 2, for wrong usage, comes from the parser.
final class ExitCode {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int UNREACHABLE = 3;
    static final int NOT_IN_TIME = 4;

    private ExitCode() {}
}
