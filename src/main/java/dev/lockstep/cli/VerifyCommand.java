package dev.lockstep.cli;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Compares all nodes.
@Command(name = "verify", description = "Compare catalog and folders of all nodes and name every difference.")
final class VerifyCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "As the API tells it.")
    private boolean isJson;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            System.err.println("lockstep: comparing all folders ...");
            HttpResponse<String> response = client.post("/v1/verify", "{}", Duration.ofMinutes(2));
            JsonNode report = ApiClient.parse(response);
            System.out.println(isJson ? response.body() : text(report));
            return report.path("same").asBoolean(false) ? ExitCode.OK : ExitCode.FAILED;
        });
    }

    private static String text(JsonNode report) {
        StringBuilder text = new StringBuilder();
        for (JsonNode tree : report.path("trees")) {
            text.append(String.format(
                    "%s: %s entries at log index %s, digest %.16s%n",
                    tree.path("node").asString(),
                    tree.path("entries"),
                    tree.path("index"),
                    tree.path("folderDigest").asString().substring(2)));
            for (JsonNode difference : tree.path("differences")) {
                text.append("  differs: ").append(difference.asString()).append('\n');
            }
        }
        for (JsonNode unreached : report.path("unreached")) {
            text.append("not reached: ").append(unreached.asString()).append('\n');
        }
        boolean isSame = report.path("same").asBoolean(false);
        return text + (isSame ? "all folders are the same" : "NOT the same");
    }
}
