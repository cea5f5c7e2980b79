package dev.lockstep.it;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/// The HTTP face of one node.
final class Face {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
    private final ObjectMapper json = new ObjectMapper();
    private final String base;

    /// @param address host and port
    Face(String address) {
        this.base = "http://" + address;
    }

    JsonNode status() throws IOException, InterruptedException {
        HttpResponse<String> answer = get("/v1/status");
        if (answer.statusCode() != 200) {
            throw new IOException("status answered " + answer.statusCode() + ": " + answer.body());
        }
        return json.readTree(answer.body());
    }

    boolean isReady() throws InterruptedException {
        try {
            return get("/readyz").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /// The barrier.
    ///
    /// @param isAll wait until everything is placed on every node too
    HttpResponse<String> sync(boolean isAll, Duration timeout) throws IOException, InterruptedException {
        String body = "{\"all\":%b,\"timeoutMillis\":%d}".formatted(isAll, timeout.toMillis());
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/v1/sync"))
                .timeout(timeout.plus(PATIENCE))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(PATIENCE)
                .build();
        return client.send(request, BodyHandlers.ofString());
    }
}
