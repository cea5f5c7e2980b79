package dev.lockstep.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import tools.jackson.databind.JsonNode;

/// Lists conflict copies.
@Command(name = "conflicts", description = "List the conflict copies.")
final class ConflictsCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            for (JsonNode path : ApiClient.parse(client.get("/v1/conflicts")).path("conflicts")) {
                System.out.println(path.asString());
            }
            return ExitCode.OK;
        });
    }
}
