package dev.lockstep.cli;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// The barrier.
@Command(name = "sync", description = "Wait until everything done in the node's folder so far is committed.")
final class SyncCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--all", description = "Also wait until it stands in every node's folder.")
    private boolean isEverywhere;

    @Option(names = "--scan", description = "Compare the whole folder: finds what no event tells, such as mmap writes.")
    private boolean isScan;

    @Option(names = "--timeout", description = "Seconds to wait at most (default: ${DEFAULT-VALUE}).")
    private int timeoutSeconds = 30;

    @Option(names = "--json", description = "As the API tells it.")
    private boolean isJson;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            String body = "{\"all\":" + isEverywhere + ",\"scan\":" + isScan + ",\"timeoutMillis\":"
                    + timeoutSeconds * 1000L + "}";
            HttpResponse<String> response = client.post("/v1/sync", body, Duration.ofSeconds(2L * timeoutSeconds));
            JsonNode report = ApiClient.parse(response);
            if (isJson) {
                System.out.println(response.body());
            } else if (response.statusCode() == 200) {
                System.out.println("committed up to log index " + report.path("index")
                        + (isEverywhere ? ", in every folder" : ""));
            }
            for (JsonNode line : report.path("unsettled")) {
                System.err.println("lockstep: not settled: " + line.asString());
            }
            return response.statusCode() == 200 ? ExitCode.OK : ExitCode.NOT_IN_TIME;
        });
    }
}
