package dev.lockstep.cli;

import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Writes a revision to standard output.
@Command(name = "cat", description = "Write a file, or an old revision of it, to standard output.")
final class CatCommand implements Callable<Integer> {
    @Mixin
    private ApiOptions api = new ApiOptions();

    @Parameters(paramLabel = "PATH[@REV]", description = "Relative to the folder; without REV, as it is now.")
    private String path = "";

    @Option(names = "--local", description = "As the node knows it, also without a quorum.")
    private boolean isLocal;

    @Override
    public Integer call() throws InterruptedException {
        return api.run(client -> {
            PathArgument asked = PathArgument.parse(path);
            HttpResponse<InputStream> response = client.open("/v1/files/" + asked.uri() + asked.query(isLocal));
            try (InputStream body = response.body()) {
                if (response.statusCode() != 200) {
                    return ApiOptions.refused(
                            response.statusCode(), new String(body.readAllBytes(), StandardCharsets.UTF_8));
                }
                body.transferTo(System.out);
                System.out.flush();
                return System.out.checkError() ? ExitCode.FAILED : ExitCode.OK;
            }
        });
    }
}
