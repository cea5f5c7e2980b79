package dev.lockstep.cli;

import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// Asks the leader to hand over.
@Command(name = "transfer-leader", description = "Make NODE the leader.")
final class TransferLeaderCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Parameters(paramLabel = "NODE", description = "The node that shall lead.")
    private String node = "";

    @Override
    public Integer call() throws InterruptedException {
        return api.order(
                "/v1/leader/transfer",
                "{\"node\":\"" + Escape.json(node) + "\"}",
                Duration.ofSeconds(40),
                node + " leads");
    }
}
