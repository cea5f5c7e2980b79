package dev.lockstep.cli;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Shows how the nodes and their cluster stand.
@Command(name = "status", description = "Show nodes, leader, indexes, and what is in the way.")
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "Of one node, as the API tells it.")
    private boolean isJson;

    @Override
    public Integer call() throws InterruptedException {
        return isJson ? api.run(StatusCommand::printJson) : api.runOnAll(StatusCommand::printText);
    }

    private static int printJson(ApiClient client) throws IOException, InterruptedException {
        HttpResponse<String> response = client.get("/v1/status");
        System.out.println(response.body());
        return response.statusCode() == 200 ? ExitCode.OK : ExitCode.FAILED;
    }

    private static int printText(List<ApiClient> clients) throws IOException, InterruptedException {
        Map<String, StatusText.Told> told = new TreeMap<>();
        Map<String, String> members = new TreeMap<>();
        List<String> failures = new ArrayList<>();
        for (ApiClient client : clients) {
            HttpResponse<String> response = client.get("/v1/status");
            JsonNode status = ApiClient.parse(response);
            if (response.statusCode() == 200) {
                told.put(status.path("node").asString(), new StatusText.Told(client.address(), status));
                addMembers(client, members);
            } else {
                failures.add(client.address() + ": " + status.path("error").asString());
            }
        }
        System.out.print(StatusText.of(told, members));
        failures.forEach(line -> System.err.println("lockstep: " + line));
        return failures.isEmpty() ? ExitCode.OK : ExitCode.FAILED;
    }

    private static void addMembers(ApiClient client, Map<String, String> members)
            throws IOException, InterruptedException {
        for (JsonNode member : ApiClient.parse(client.get("/v1/members")).path("members")) {
            members.put(member.path("node").asString(), member.path("address").asString());
        }
    }
}
