package dev.lockstep.cli;

import dev.lockstep.model.Address;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Talks to the first node that answers.
final class ApiClient {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(2);
    private static final List<Address> USUAL =
            List.of(new Address("127.0.0.1", 9001), new Address("127.0.0.1", 9002), new Address("127.0.0.1", 9003));
    /// A content may have to come from another node first.
    private static final Duration OPEN_TIMEOUT = Duration.ofMinutes(10);

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_TIMEOUT)
            .build();
    private final Address address;

    private ApiClient(Address address) {
        this.address = address;
    }

    /// Whether anything answers there shows when it is asked.
    static ApiClient at(Address address) {
        return new ApiClient(address);
    }

    static final class Unreachable extends IOException {
        Unreachable(String message) {
            super(message);
        }
    }

    /// @param given an address to use, null to look for a node on this machine
    /// @param data  where nodes of this machine leave their addresses
    static ApiClient connect(@Nullable String given, Path data) throws IOException, InterruptedException {
        List<Address> candidates = candidates(given, data);
        for (Address candidate : candidates) {
            ApiClient client = new ApiClient(candidate);
            if (client.answers()) {
                return client;
            }
        }
        throw unreachable(candidates);
    }

    /// All nodes of this machine that answer, or the named one.
    ///
    /// @return not empty
    static List<ApiClient> connectAll(@Nullable String given, Path data) throws IOException, InterruptedException {
        List<Address> candidates = candidates(given, data);
        List<ApiClient> answering = new ArrayList<>();
        for (Address candidate : candidates) {
            ApiClient client = new ApiClient(candidate);
            if (client.answers()) {
                answering.add(client);
            }
        }
        if (answering.isEmpty()) {
            throw unreachable(candidates);
        }
        return answering;
    }

    private static List<Address> candidates(@Nullable String given, Path data) throws IOException {
        String named = given != null ? given : System.getenv("LOCKSTEP_API");
        if (named != null) {
            return List.of(Address.parse(named));
        }
        List<Address> announced = announced(data);
        return announced.isEmpty() ? USUAL : announced;
    }

    private static Unreachable unreachable(List<Address> candidates) {
        return new Unreachable("no node answers at "
                + candidates.stream().map(Address::toString).collect(Collectors.joining(", "))
                + "; start one (lockstep demo) or name it (--api HOST:PORT, --data DIR)");
    }

    private static List<Address> announced(Path data) throws IOException {
        List<Address> found = new ArrayList<>();
        Path states = data.resolve(".lockstep");
        if (Files.isDirectory(states)) {
            try (DirectoryStream<Path> nodes = Files.newDirectoryStream(states)) {
                for (Path node : nodes) {
                    Path api = node.resolve("api");
                    if (Files.isReadable(api)) {
                        found.add(Address.parse(Files.readString(api).strip()));
                    }
                }
            }
        }
        found.sort((a, b) -> Integer.compare(a.port(), b.port()));
        return found;
    }

    private boolean answers() throws InterruptedException {
        try {
            return get("/healthz").statusCode() == 200;
        } catch (IOException unreachable) {
            return false;
        }
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(uri(path))
                        .timeout(Duration.ofSeconds(30))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, String body, Duration timeout) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(uri(path))
                .timeout(timeout.plusSeconds(10))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return http.send(request, HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<InputStream> open(String path) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(uri(path)).timeout(OPEN_TIMEOUT).build();
        return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
    }

    /// @param ifMatch revision that must stand there, null for any
    HttpResponse<String> restore(String path, @Nullable String ifMatch, Duration timeout)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .timeout(timeout.plusSeconds(10))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"timeoutMillis\":" + timeout.toMillis() + "}"));
        if (ifMatch != null) {
            request.header("If-Match", '"' + ifMatch + '"');
        }
        return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://" + address + path);
    }

    static JsonNode parse(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body());
    }

    Address address() {
        return address;
    }
}
