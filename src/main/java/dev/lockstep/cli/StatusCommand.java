package dev.lockstep.cli;

import java.net.http.HttpResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Shows how a node and its cluster stand.
@Command(name = "status", description = "Show nodes, leader, indexes, and what is in the way.")
final class StatusCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "As the API tells it.")
    private boolean isJson;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            HttpResponse<String> response = client.get("/v1/status");
            System.out.println(isJson ? response.body() : text(ApiClient.parse(response)));
            return response.statusCode() == 200 ? ExitCode.OK : ExitCode.FAILED;
        });
    }

    private static String text(JsonNode status) {
        StringBuilder text = new StringBuilder();
        line(
                text,
                "node",
                status.path("node").asString() + " (" + status.path("role").asString() + ")");
        line(text, "folder", status.path("folder").asString());
        line(text, "leader", status.path("leader").asString("none: no quorum, changes wait"));
        line(text, "term", status.path("term").asString());
        line(
                text,
                "log",
                "committed " + status.path("commitIndex") + ", applied " + status.path("appliedIndex")
                        + ", in the folder " + status.path("placedIndex"));
        line(text, "entries", status.path("entries") + ", conflict copies " + status.path("conflicts"));
        line(
                text,
                "watch",
                status.path("watch").asString() + " (" + status.path("watchedDirectories") + " directories)"
                        + (status.path("watchReason").isNull()
                                ? ""
                                : ": " + status.path("watchReason").asString()));
        line(text, "in sync", status.path("inSync").asBoolean() ? "yes" : "no");
        if (status.path("pending").asInt() > 0) {
            line(text, "pending", status.path("pending") + ": " + status.path("pendingPaths"));
        }
        if (status.path("toPlace").asInt() > 0) {
            line(text, "to place", status.path("toPlace").asString());
        }
        if (!status.path("deletionsHalted").isNull()) {
            line(text, "deletions halted", status.path("deletionsHalted").asString());
        }
        problems(text, "cannot be placed", status.path("unplaceable"));
        problems(text, "cannot be read", status.path("unreadable"));
        problems(text, "not supported", status.path("unsupported"));
        for (JsonNode peer : status.path("peers")) {
            long lag = peer.path("lag").asLong();
            line(
                    text,
                    "peer " + peer.path("node").asString(),
                    peer.path("address").asString()
                            + (lag < 0 ? "" : ", " + lag + " behind, heard " + peer.path("silentMillis") + " ms ago"));
        }
        return text.toString().stripTrailing();
    }

    private static void problems(StringBuilder text, String what, JsonNode problems) {
        for (JsonNode problem : problems) {
            line(
                    text,
                    what,
                    problem.path("path").asString() + ": "
                            + problem.path("reason").asString());
        }
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append(String.format("%-17s %s%n", name, value));
    }
}
