package dev.lockstep.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Address;
import dev.lockstep.model.NodeId;
import dev.lockstep.node.Node;
import dev.lockstep.node.NodeConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/// The API of a real node, asked over plain sockets: as browsers, broken clients and hostile ones would.
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class ApiServerTest {
    private static final int SLOW_CONNECTIONS = 500;
    private static final int ANSWER_MILLIS = 20_000;

    @TempDir
    private static Path home;

    private static @Nullable Node node;
    private static @Nullable ApiServer server;
    private static int port;

    @BeforeAll
    static void start() throws Exception {
        NodeId id = new NodeId("node1");
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        NodeConfig config = new NodeConfig(
                id,
                home.resolve("node1"),
                home.resolve("state"),
                NodeConfig.parsePeers("node1=127.0.0.1:" + port),
                new Address("127.0.0.1", 0));
        Node started = Node.start(config, line -> {}, failure -> {});
        node = started;
        ApiServer api = ApiServer.start(config.http(), started);
        server = api;
        port = api.address().port();
        Awaitility.await("ready").atMost(Duration.ofMinutes(1)).until(started::isReady);
    }

    @AfterAll
    static void stop() throws Exception {
        if (server != null) {
            server.close();
        }
        if (node != null) {
            node.close();
        }
    }

    /// @param head status line and headers
    private record Answer(int status, String head, String body) {
        Answer notLeaking() {
            assertThat(head + body)
                    .doesNotContainIgnoringCase("jetty")
                    .doesNotContain("Exception", "\tat ", "<html", "Server:");
            return this;
        }
    }

    private static Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), port);
    }

    private static Answer ask(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return answer(socket).notLeaking();
        }
    }

    private static Answer answer(Socket socket) throws IOException {
        String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int end = all.indexOf("\r\n\r\n");
        assertThat(end).as("end of the headers of: %s", all).isPositive();
        return new Answer(Integer.parseInt(all.split(" ")[1]), all.substring(0, end), all.substring(end + 4));
    }

    private static String request(String method, String path, Map<String, String> headers, String body) {
        StringBuilder text = new StringBuilder(method + " " + path + " HTTP/1.1\r\nConnection: close\r\n");
        if (!headers.containsKey("Host")) {
            text.append("Host: 127.0.0.1:").append(port).append("\r\n");
        }
        headers.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
        if (method.equals("POST")) {
            text.append("Content-Length: ").append(body.length()).append("\r\n");
        }
        return text + "\r\n" + body;
    }

    private static Answer get(String path) throws IOException {
        return ask(request("GET", path, Map.of(), ""));
    }

    private static Answer post(String path, String type, String body) throws IOException {
        return ask(request("POST", path, Map.of("Content-Type", type), body));
    }

    // --- who may ask ---

    @ParameterizedTest
    @ValueSource(strings = {"evil.example:%d", "evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:%d"})
    void foreignHostIsRefusedOnEveryPath(String host) throws IOException {
        for (String path : List.of("/v1/status", "/healthz", "/metrics", "/nowhere")) {
            assertThat(ask(request("GET", path, Map.of("Host", host.formatted(port)), ""))
                            .status())
                    .isBetween(400, 403);
        }
        Map<String, String> headers = Map.of("Host", host.formatted(port), "Content-Type", "application/json");
        assertThat(ask(request("POST", "/v1/sync", headers, "{}")).status()).isBetween(400, 403);
    }

    @Test
    void ownNamesAreAllowed() throws IOException {
        for (String host : List.of("127.0.0.1:" + port, "localhost:" + port, "LOCALHOST:" + port, "[::1]:" + port)) {
            assertThat(ask(request("GET", "/healthz", Map.of("Host", host), "")).status())
                    .isEqualTo(200);
        }
    }

    @Test
    void missingHostIsRefused() throws IOException {
        assertThat(ask("GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n").status())
                .isEqualTo(400);
        assertThat(ask("GET /v1/status HTTP/1.0\r\n\r\n").status()).isEqualTo(403);
        assertThat(ask("GET /v1/status HTTP/1.1\r\nConnection: close\r\nHost:\r\n\r\n")
                        .status())
                .isBetween(400, 403);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://evil.example", "null", "https://127.0.0.1:%d", "http://127.0.0.1:1", "http://localhost"})
    void foreignOriginIsRefused(String origin) throws IOException {
        Map<String, String> headers = Map.of("Origin", origin.formatted(port), "Content-Type", "application/json");
        assertThat(ask(request("GET", "/v1/status", headers, "")).status()).isEqualTo(403);
        assertThat(ask(request("POST", "/v1/deletions/resume", headers, "{}")).status())
                .isEqualTo(403);
    }

    @Test
    void ownOriginIsAllowed() throws IOException {
        Map<String, String> headers = Map.of("Origin", "http://127.0.0.1:" + port);
        assertThat(ask(request("GET", "/v1/status", headers, "")).status()).isEqualTo(200);
    }

    /// What a page can send without asking first.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                "application/jsonp",
                "text/plain; x=application/json"
            })
    void postOfPageIsRefused(String type) throws IOException {
        assertThat(post("/v1/deletions/resume", type, "{}").status()).isEqualTo(415);
    }

    @Test
    void postWithoutTypeIsRefused() throws IOException {
        assertThat(ask(request("POST", "/v1/sync", Map.of(), "{}")).status()).isEqualTo(415);
    }

    // --- what may be asked ---

    @ParameterizedTest
    @ValueSource(strings = {"OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "BREW"})
    void otherMethodsAreRefused(String method) throws IOException {
        Answer answer = ask(request(method, "/v1/status", Map.of("Cookie", "secret"), ""));
        assertThat(answer.status()).isBetween(400, 501);
        assertThat(answer.body()).doesNotContain("secret", "commitIndex");
        assertThat(answer.head()).doesNotContain("Access-Control-Allow");
    }

    @Test
    void headHasNoBody() throws IOException {
        Answer answer = ask(request("HEAD", "/v1/status", Map.of(), ""));
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/v1",
                "/v1/",
                "/v1/statu",
                "/v1/status/",
                "/v2/status",
                "/../../etc/passwd",
                "/%2e%2e/%2e%2e/etc/passwd",
                "/..%5c..%5cetc",
                "/v1/status%00",
                "/v1/status;x=y",
                "//v1/status",
                "/%c0%ae%c0%ae/x",
                "/%zz"
            })
    void unknownPathsAreRefused(String path) throws IOException {
        assertThat(get(path).status()).isIn(400, 404);
        assertThat(post(path, "application/json", "{}").status()).isIn(400, 404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "nonsense", "{\"timeoutMillis\":}", "{} {", "\u0000"})
    void malformedBodyIsRefused(String body) throws IOException {
        assertThat(post("/v1/members/replace", "application/json", body).status())
                .isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "[]", "1", "null", "{\"node\":1}", "{\"node\":\"../x\"}", "{\"node\":\"node9\"}"})
    void bodyThatNamesNoMemberIsRefused(String body) throws IOException {
        assertThat(post("/v1/members/replace", "application/json", body).status())
                .isIn(400, 409);
    }

    @Test
    void deepJsonIsRefused() throws IOException {
        assertThat(post("/v1/sync", "application/json", "[".repeat(60_000)).status())
                .isEqualTo(400);
    }

    @Test
    void largeBodyIsRefused() throws IOException {
        String announced = "POST /v1/sync HTTP/1.1\r\nHost: 127.0.0.1:" + port
                + "\r\nContent-Type: application/json\r\nContent-Length: " + (1L << 30) + "\r\n\r\n";
        try (Socket socket = connect()) {
            socket.setSoTimeout(ANSWER_MILLIS);
            OutputStream out = socket.getOutputStream();
            out.write(announced.getBytes(StandardCharsets.ISO_8859_1));
            out.write(" ".repeat((64 << 10) + 1).getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            byte[] start = socket.getInputStream().readNBytes("HTTP/1.1 413".length());
            assertThat(new String(start, StandardCharsets.ISO_8859_1)).isEqualTo("HTTP/1.1 413");
        }
    }

    @Test
    void largeHeadersAreRefused() throws IOException {
        try (Socket socket = connect()) {
            socket.setSoTimeout(ANSWER_MILLIS);
            String head = "GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\nX: " + "x".repeat(9000);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            byte[] start = socket.getInputStream().readNBytes("HTTP/1.1 431".length());
            assertThat(new String(start, StandardCharsets.ISO_8859_1)).isEqualTo("HTTP/1.1 431");
        }
        assertThat(get("/" + "x".repeat(9000)).status()).isEqualTo(414);
    }

    /// Half of them stop within the headers, half within the body.
    @Test
    void slowConnectionsStallNothing() throws Exception {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < SLOW_CONNECTIONS; i++) {
                Socket socket = connect();
                slow.add(socket);
                String part = i % 2 == 0
                        ? "GET /v1/status HTTP/1.1\r\nHo"
                        : request("POST", "/v1/sync", Map.of("Content-Type", "application/json"), " ".repeat(9))
                                        .stripTrailing()
                                + "\r\n\r\n {";
                socket.getOutputStream().write(part.getBytes(StandardCharsets.ISO_8859_1));
            }
            Files.writeString(home.resolve("node1").resolve("meanwhile"), "x");
            assertThat(get("/healthz").status()).isEqualTo(200);
            assertThat(post("/v1/sync", "application/json", "{\"all\":true}").status())
                    .isEqualTo(200);
            assertThat(get("/v1/status").body()).contains("\"entries\":");
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
    }

    // --- what is answered ---

    @Test
    void answersForbidBeingShownInPages() throws IOException {
        for (String path : List.of("/v1/status", "/healthz", "/nowhere")) {
            assertThat(get(path).head())
                    .contains("X-Content-Type-Options: nosniff", "frame-ancestors 'none'", "Cache-Control: no-store");
        }
    }

    @Test
    void statusHoldsWhatIsPromised() throws IOException {
        Answer answer = get("/v1/status");
        assertThat(answer.head()).contains("application/json");
        var status = JsonMapper.shared().readTree(answer.body());
        assertThat(status.propertyNames())
                .contains(
                        "node",
                        "role",
                        "leader",
                        "term",
                        "commitIndex",
                        "appliedIndex",
                        "placedIndex",
                        "pending",
                        "unplaceable",
                        "unsupported",
                        "conflicts",
                        "watch",
                        "inSync",
                        "peers");
        assertThat(status.path("role").asString()).isEqualTo("leader");
        assertThat(get("/readyz").status()).isEqualTo(200);
    }

    /// The text format of Prometheus, version 0.0.4.
    @Test
    void metricsAreWellFormed() throws IOException {
        Answer answer = get("/metrics");
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.head()).contains("text/plain");
        Pattern sample = Pattern.compile("[a-z_]+(\\{[a-z_]+=\"[^\"]*\"(,[a-z_]+=\"[^\"]*\")*})? -?[0-9.E+]+");
        Pattern comment = Pattern.compile("# (HELP [a-z_]+ .+|TYPE [a-z_]+ gauge)");
        assertThat(answer.body().lines().filter(line -> !line.isBlank()))
                .allMatch(line ->
                        sample.matcher(line).matches() || comment.matcher(line).matches());
        for (String name : List.of(
                "leader",
                "quorum",
                "in_sync",
                "commit_index",
                "applied_index",
                "placed_index",
                "pending_changes",
                "unplaceable_entries",
                "conflict_copies",
                "watched_directories",
                "watch_degraded",
                "free_bytes")) {
            assertThat(answer.body()).containsPattern("(?m)^lockstep_" + name + " ");
        }
        assertThat(answer.body()).containsPattern("(?m)^lockstep_leader 1.0$");
    }
}
