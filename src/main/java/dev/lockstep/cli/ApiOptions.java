package dev.lockstep.cli;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Which node a command asks.
final class ApiOptions {
    @Option(names = "--api", description = "API of the node to ask (default: a node of this machine).")
    private @Nullable String api;

    @Option(names = "--data", description = "Where a demo keeps its folders (default: ${DEFAULT-VALUE}).")
    private Path data = Path.of("data");

    ApiClient connect() throws IOException, InterruptedException {
        return ApiClient.connect(api, data);
    }

    List<ApiClient> connectAll() throws IOException, InterruptedException {
        return ApiClient.connectAll(api, data);
    }

    /// What a command does with the node that answered.
    @FunctionalInterface
    interface Work {
        int with(ApiClient client) throws IOException, InterruptedException;
    }

    int run(Work work) throws InterruptedException {
        return guarded(() -> work.with(connect()));
    }

    /// What a command does with all nodes that answer.
    @FunctionalInterface
    interface WorkOnAll {
        int with(List<ApiClient> clients) throws IOException, InterruptedException;
    }

    int runOnAll(WorkOnAll work) throws InterruptedException {
        return guarded(() -> work.with(connectAll()));
    }

    @FunctionalInterface
    private interface Guarded {
        int run() throws IOException, InterruptedException;
    }

    private static int guarded(Guarded work) throws InterruptedException {
        try {
            return work.run();
        } catch (ApiClient.Unreachable unreachable) {
            System.err.println("lockstep: " + unreachable.getMessage());
            return ExitCode.UNREACHABLE;
        } catch (IOException | IllegalArgumentException failed) {
            System.err.println("lockstep: " + failed.getMessage());
            return ExitCode.FAILED;
        }
    }

    /// Tells why a node did not do what was asked.
    ///
    /// @param body of its answer
    static int refused(int status, String body) {
        String reason;
        try {
            reason = JsonMapper.shared().readTree(body).path("error").asString(body);
        } catch (JacksonException notJson) {
            reason = "the node answered " + status;
        }
        System.err.println("lockstep: " + reason);
        return ExitCode.of(status);
    }

    /// Sends an order and tells what came of it.
    int order(String path, String body, Duration timeout, String done) throws InterruptedException {
        return run(client -> {
            HttpResponse<String> response = client.post(path, body, timeout);
            if (response.statusCode() == 200) {
                System.out.println(done);
                return ExitCode.OK;
            }
            JsonNode answer = ApiClient.parse(response);
            System.err.println("lockstep: " + answer.path("error").asString(response.body()));
            return ExitCode.FAILED;
        });
    }
}
