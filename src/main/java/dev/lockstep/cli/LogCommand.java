package dev.lockstep.cli;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Shows the history of a path.
@Command(name = "log", description = "Show the revisions of a file, newest first; also of what was deleted.")
final class LogCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Parameters(paramLabel = "PATH", description = "Relative to the folder.")
    private String path = "";

    @Option(names = "--json", description = "As the API tells it.")
    private boolean isJson;

    @Option(names = "--local", description = "As the node knows it, also without a quorum.")
    private boolean isLocal;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            String query = isLocal ? "?consistency=local" : "";
            HttpResponse<String> response = client.get("/v1/history/" + PathArgument.encode(path) + query);
            if (response.statusCode() != 200) {
                return ApiOptions.refused(response.statusCode(), response.body());
            }
            System.out.println(isJson ? response.body() : text(ApiClient.parse(response)));
            return ExitCode.OK;
        });
    }

    private static String text(JsonNode history) {
        StringBuilder text = new StringBuilder(String.format(
                "%-12s %-24s %-12s %-13s %12s  %s%n", "REVISION", "TIME", "NODE", "WHAT", "BYTES", "HELD BY"));
        for (JsonNode line : history.path("revisions")) {
            text.append(String.format(
                    "%-12s %-24s %-12s %-13s %12s  %s%n",
                    line.path("revision").asString(),
                    line.path("time").asString("-"),
                    line.path("node").asString(),
                    line.path("what").asString(),
                    line.path("type").isNull() ? "-" : line.path("size").asString(),
                    notes(line)));
        }
        List<String> unreached = texts(history.path("unreached"));
        if (!unreached.isEmpty()) {
            text.append("not asked what they hold: ").append(String.join(", ", unreached));
        }
        return text.toString().stripTrailing();
    }

    private static String notes(JsonNode line) {
        List<String> notes = new ArrayList<>();
        if (line.path("gone").asBoolean()) {
            notes.add("gone");
        } else if (!line.path("digest").isNull()) {
            List<String> holders = texts(line.path("heldBy"));
            notes.add(holders.isEmpty() ? "-" : String.join(",", holders));
        } else {
            notes.add("-");
        }
        if (!line.path("from").isNull()) {
            notes.add("from " + line.path("from").asString());
        }
        if (!line.path("target").isNull()) {
            notes.add("-> " + line.path("target").asString());
        }
        if (line.path("current").asBoolean()) {
            notes.add("(current)");
        }
        return String.join(" ", notes);
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(each -> texts.add(each.asString()));
        return texts;
    }
}
