package dev.lockstep.cli;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// Brings a revision back.
@Command(name = "restore", description = "Bring an old revision back, as a new one; also of what was deleted.")
final class RestoreCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Parameters(
            paramLabel = "PATH[@REV]",
            description =
                    "Relative to the folder; without REV, the last revision of what was deleted, or the one before"
                            + " the current.")
    private String path = "";

    @Option(names = "--if-match", paramLabel = "REV", description = "Only if this is the current revision.")
    private @Nullable String ifMatch;

    @Option(names = "--timeout", description = "Seconds to wait at most (default: ${DEFAULT-VALUE}).")
    private int timeoutSeconds = 30;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            PathArgument asked = PathArgument.parse(path);
            HttpResponse<String> response = client.restore(
                    "/v1/restore/" + asked.uri() + asked.query(false), ifMatch, Duration.ofSeconds(timeoutSeconds));
            if (response.statusCode() != 200) {
                return ApiOptions.refused(response.statusCode(), response.body());
            }
            JsonNode answer = ApiClient.parse(response);
            System.out.println(answer.path("path").asString() + "@"
                    + answer.path("restored").asString() + " is back as revision "
                    + answer.path("revision").asString());
            return ExitCode.OK;
        });
    }
}
