package dev.lockstep.cli;

import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Says go on after a halt.
@Command(name = "resume", description = "Go on after deletions were halted because too much was missing.")
final class ResumeCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--deletions", required = true, description = "What is missing was deleted on purpose.")
    private boolean isDeletions;

    @Override
    public Integer call() throws InterruptedException {
        if (!isDeletions) {
            return ExitCode.FAILED;
        }
        return api.order("/v1/deletions/resume", "{}", Duration.ofSeconds(10), "deletions go on");
    }
}
