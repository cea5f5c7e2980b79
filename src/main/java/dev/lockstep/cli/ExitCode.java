package dev.lockstep.cli;

/// What the commands exit with.
final class ExitCode {
    static final int OK = 0;
    static final int FAILED = 1;
    /// What the parser of arguments uses, too.
    static final int WRONG_USAGE = 2;
    static final int UNREACHABLE = 3;
    /// Not done in time, which is what a missing quorum comes to.
    static final int NOT_IN_TIME = 4;
    static final int NOT_FOUND = 5;
    /// Something else stands there than was expected.
    static final int CONFLICT = 6;

    private ExitCode() {}

    /// @param status of an answer over HTTP
    static int of(int status) {
        return switch (status) {
            case 200 -> OK;
            case 400 -> WRONG_USAGE;
            case 404, 410 -> NOT_FOUND;
            case 409, 412 -> CONFLICT;
            case 503, 504 -> NOT_IN_TIME;
            default -> FAILED;
        };
    }
}
