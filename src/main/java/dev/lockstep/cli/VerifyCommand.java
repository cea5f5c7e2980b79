package dev.lockstep.cli;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Compares all nodes.
@Command(name = "verify", description = "Compare catalog and folders of all nodes and name every difference.")
final class VerifyCommand implements Callable<Integer> {
    private static final Duration STEP = Duration.ofSeconds(2);

    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "As the API tells it.")
    private boolean isJson;

    @Option(
            names = "--deep",
            description = "Read all contents again on every node; a file that the disk has damaged is placed again.")
    private boolean isDeep;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            System.err.println("lockstep: comparing all folders ...");
            HttpResponse<String> response =
                    isDeep ? deep(client) : client.post("/v1/verify", "{}", Duration.ofMinutes(2));
            JsonNode report = ApiClient.parse(response);
            System.out.println(isJson ? response.body() : text(report));
            return report.path("same").asBoolean(false) ? ExitCode.OK : ExitCode.FAILED;
        });
    }

    /// Asks until all nodes have read everything.
    private static HttpResponse<String> deep(ApiClient client) throws IOException, InterruptedException {
        String more = "";
        while (true) {
            String body = "{\"deep\":true," + more + "\"timeoutMillis\":" + STEP.toMillis() + "}";
            HttpResponse<String> response = client.post("/v1/verify", body, Duration.ofMinutes(2));
            if (response.statusCode() != HttpURLConnection.HTTP_ACCEPTED) {
                return response;
            }
            System.err.println("lockstep: " + progress(ApiClient.parse(response)));
            more = "\"continue\":true,";
        }
    }

    private static String progress(JsonNode report) {
        StringJoiner text = new StringJoiner("; ");
        for (JsonNode one : report.path("deep")) {
            text.add(String.format(
                    "%s has read %s of %s files, %d MB",
                    one.path("node").asString(),
                    one.path("files"),
                    one.path("filesTotal"),
                    one.path("bytes").asLong() / 1_000_000));
        }
        return text.toString();
    }

    private static String text(JsonNode report) {
        StringBuilder text = new StringBuilder();
        for (JsonNode one : report.path("deep")) {
            text.append(String.format(
                    "%s: %s files read again, %s damaged%n",
                    one.path("node").asString(),
                    one.path("files"),
                    one.path("damaged").size()));
            for (String list : List.of("damaged", "unreadable")) {
                for (JsonNode problem : one.path(list)) {
                    text.append("  ").append(problem.path("path").asString()).append(' ');
                    text.append(problem.path("reason").asString()).append('\n');
                }
            }
        }
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
