package dev.lockstep.it;

import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
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
        return sync("{\"all\":%b,\"timeoutMillis\":%d}".formatted(isAll, timeout.toMillis()), timeout);
    }

    /// The barrier that compares the whole folder first, and waits until everything is placed everywhere.
    HttpResponse<String> syncWithScan(Duration timeout) throws IOException, InterruptedException {
        String body = "{\"all\":true,\"scan\":true,\"timeoutMillis\":%d}".formatted(timeout.toMillis());
        return sync(body, timeout);
    }

    private HttpResponse<String> sync(String body, Duration timeout) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + "/v1/sync"))
                .timeout(timeout.plus(PATIENCE))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    /// The report of a comparison of all nodes.
    ///
    /// @param isDeep read every content again
    JsonNode verify(boolean isDeep) throws IOException, InterruptedException {
        String body = "{\"deep\":%b,\"timeoutMillis\":60000}".formatted(isDeep);
        HttpResponse<String> answer = post("/v1/verify", body, Duration.ofMinutes(2));
        return json.readTree(answer.body());
    }

    HttpResponse<String> post(String path, String body, Duration patience) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(patience)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    /// The barrier, with a comparison of the whole folder.
    HttpResponse<String> scan(Duration timeout) throws IOException, InterruptedException {
        String body = "{\"scan\":true,\"timeoutMillis\":%d}".formatted(timeout.toMillis());
        return post("/v1/sync", body, timeout.plus(PATIENCE));
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(PATIENCE)
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    /// @param headers names and values in turn
    HttpResponse<byte[]> bytes(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(base + path)).timeout(PATIENCE.multipliedBy(4));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    /// The history of a path, newest first.
    JsonNode history(String path) throws IOException, InterruptedException {
        HttpResponse<String> answer = get("/v1/history/" + path);
        if (answer.statusCode() != 200) {
            throw new IOException("history answered " + answer.statusCode() + ": " + answer.body());
        }
        return json.readTree(answer.body());
    }

    /// @param path    percent-encoded, with a query if one is needed
    /// @param headers names and values in turn
    HttpResponse<String> restore(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + "/v1/restore/" + path))
                .timeout(PATIENCE.multipliedBy(10))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{}"));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    /// Sends a request line as it is, which no client library would.
    ///
    /// @return all that is answered
    String raw(String method, String target) throws IOException {
        URI address = URI.create(base);
        try (Socket socket = new Socket(address.getHost(), address.getPort())) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            String request = method + " " + target + " HTTP/1.1\r\nHost: " + address.getAuthority()
                    + "\r\nContent-Type: application/json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
