package dev.lockstep.cli;

import java.net.http.HttpResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Lists a directory of the folder as the catalog has it.
@Command(name = "ls", description = "List what stands in a directory, as agreed by the cluster.")
final class ListCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Parameters(paramLabel = "PATH", arity = "0..1", description = "Relative to the folder (default: all of it).")
    private String path = "";

    @Option(names = "--deleted", description = "Also what stood below it and can be restored.")
    private boolean isDeleted;

    @Option(names = "--json", description = "As the API tells it.")
    private boolean isJson;

    @Option(names = "--local", description = "As the node knows it, also without a quorum.")
    private boolean isLocal;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            String below = path.isEmpty() ? "" : "/" + PathArgument.encode(path);
            HttpResponse<String> response =
                    client.get("/v1/list" + below + "?deleted=" + isDeleted + (isLocal ? "&consistency=local" : ""));
            if (response.statusCode() != 200) {
                return ApiOptions.refused(response.statusCode(), response.body());
            }
            System.out.println(isJson ? response.body() : text(ApiClient.parse(response)));
            return ExitCode.OK;
        });
    }

    private static String text(JsonNode listing) {
        StringBuilder text = new StringBuilder();
        for (JsonNode entry : listing.path("entries")) {
            boolean isDirectory = entry.path("type").asString().equals("directory");
            text.append(String.format(
                    "%s %12s %-12s %-20.20s %s%s%s%n",
                    entry.path("mode").asString(),
                    isDirectory ? "-" : entry.path("size").asString(),
                    entry.path("revision").asString(),
                    entry.path("modified").asString("-"),
                    entry.path("name").asString(),
                    isDirectory ? "/" : "",
                    entry.path("isConflictCopy").asBoolean() ? "  (conflict copy)" : ""));
        }
        for (JsonNode deleted : listing.path("deleted")) {
            text.append("deleted: ").append(deleted.asString()).append('\n');
        }
        if (!listing.path("isWhole").asBoolean(true)) {
            text.append("and more\n");
        }
        return text.toString().stripTrailing();
    }
}
