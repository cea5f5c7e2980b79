package dev.lockstep.cli;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Lists the voting members.
@Command(
        name = "members",
        description = "List the voting members, or replace one whose state is lost.",
        subcommands = MembersCommand.Replace.class)
final class MembersCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "As the API tells it.")
    private boolean isJson;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            HttpResponse<String> response = client.get("/v1/members");
            if (isJson) {
                System.out.println(response.body());
            } else {
                for (JsonNode member : ApiClient.parse(response).path("members")) {
                    System.out.printf(
                            "%-12s %-22s store %s%n",
                            member.path("node").asString(),
                            member.path("address").asString(),
                            member.path("store").asString());
                }
            }
            return ExitCode.OK;
        });
    }

    /// Takes a lost store out and lets its node come back with a new one.
    @Command(
            name = "replace",
            description = "Take out the lost store of NODE; NODE may then start with an empty state.")
    static final class Replace implements Callable<Integer> {
        @Mixin
        private ApiOptions api = new ApiOptions();

        @Parameters(paramLabel = "NODE", description = "The node whose state is lost.")
        private String node = "";

        @Override
        public Integer call() throws InterruptedException {
            return api.order(
                    "/v1/members/replace",
                    "{\"node\":\"" + Escape.json(node) + "\"}",
                    Duration.ofSeconds(60),
                    "the old store of " + node + " is out; start " + node
                            + " with its usual command and it joins again");
        }
    }
}
