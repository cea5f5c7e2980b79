package dev.lockstep.api;

import dev.lockstep.model.Address;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.node.DeepState;
import dev.lockstep.node.Node;
import dev.lockstep.node.SyncReport;
import dev.lockstep.node.VerifyReport;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.IntSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Answers one request. State changes only by POST with a JSON content type, which a foreign web page cannot
/// send without
/// asking first; Host and Origin must be this machine's.
final class ApiServlet extends HttpServlet {
    private static final int BODY_BYTES_MAX = 64 << 10;
    private static final long TIMEOUT_MILLIS_MAX = 3_600_000;
    private static final long TIMEOUT_MILLIS_DEFAULT = 30_000;
    private static final int CONFLICTS_MAX = 10_000;
    private static final Pattern JSON_TYPE = Pattern.compile("(?i)application/json\\s*(;.*)?");
    private static final Logger log = LoggerFactory.getLogger(ApiServlet.class);
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "::1");

    private final transient Node node;
    private final transient IntSupplier port;
    private final transient Answers answers = new Answers();
    private final transient HistoryResources paths;

    ApiServlet(Node node, IntSupplier port) {
        this.node = node;
        this.port = port;
        this.paths = new HistoryResources(node.history(), node.restorer(), answers);
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        String refusal = refusal(request);
        if (refusal != null) {
            answers.error(response, HttpServletResponse.SC_FORBIDDEN, refusal);
            return;
        }
        try {
            switch (request.getMethod()) {
                case "GET", "HEAD" -> get(request, response);
                case "POST" -> post(request, response);
                default -> {
                    response.setHeader("Allow", "GET, HEAD, POST");
                    answers.error(response, HttpServletResponse.SC_METHOD_NOT_ALLOWED, "only GET, HEAD and POST");
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            answers.error(response, HttpServletResponse.SC_SERVICE_UNAVAILABLE, "stopping");
        } catch (JacksonException malformed) {
            answers.error(response, HttpServletResponse.SC_BAD_REQUEST, "the body is not JSON");
        } catch (IllegalArgumentException malformed) {
            answers.error(response, HttpServletResponse.SC_BAD_REQUEST, String.valueOf(malformed.getMessage()));
        } catch (CompletionException late) {
            log.atWarn().addKeyValue("cause", String.valueOf(late.getCause())).log("a request was not answered");
            answers.error(response, HttpServletResponse.SC_SERVICE_UNAVAILABLE, "the node did not answer in time");
        } catch (IOException failed) {
            if (response.isCommitted()) {
                throw failed;
            }
            response.resetBuffer();
            answers.error(response, HttpServletResponse.SC_INTERNAL_SERVER_ERROR, String.valueOf(failed.getMessage()));
        }
    }

    private @Nullable String refusal(HttpServletRequest request) {
        String host = request.getHeader("Host");
        if (host == null || !isOwn(host)) {
            return "the Host header does not name this node";
        }
        String origin = request.getHeader("Origin");
        if (origin != null && !(origin.startsWith("http://") && isOwn(origin.substring("http://".length())))) {
            return "requests of foreign web pages are refused";
        }
        return null;
    }

    private boolean isOwn(String authority) {
        try {
            Address address = Address.parse(authority);
            return LOOPBACK.contains(address.host().toLowerCase(Locale.ROOT)) && address.port() == port.getAsInt();
        } catch (IllegalArgumentException malformed) {
            return false;
        }
    }

    private void get(HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        if (paths.get(request, response)) {
            return;
        }
        switch (request.getRequestURI()) {
            case "/healthz" -> answers.text(response, HttpServletResponse.SC_OK, "ok\n");
            case "/readyz" -> {
                boolean isReady = node.isReady();
                answers.text(
                        response,
                        isReady ? HttpServletResponse.SC_OK : HttpServletResponse.SC_SERVICE_UNAVAILABLE,
                        isReady
                                ? "ready\n"
                                : "not ready: no quorum, behind the others, or the first scan is not done\n");
            }
            case "/metrics" -> answers.text(response, HttpServletResponse.SC_OK, MetricsText.of(node.status()));
            case "/v1/status" -> answers.json(response, HttpServletResponse.SC_OK, node.status());
            case "/v1/tree" -> answers.json(response, HttpServletResponse.SC_OK, node.tree());
            case "/v1/conflicts" ->
                answers.json(response, HttpServletResponse.SC_OK, Map.of("conflicts", node.conflicts(CONFLICTS_MAX)));
            case "/v1/members" -> answers.json(response, HttpServletResponse.SC_OK, Map.of("members", members()));
            default -> answers.error(response, HttpServletResponse.SC_NOT_FOUND, "no such resource");
        }
    }

    private List<Map<String, String>> members() {
        return node.members().stream()
                .map(member -> {
                    Map<String, String> shown = new LinkedHashMap<>();
                    shown.put("node", member.node().value());
                    shown.put("store", member.store().value());
                    shown.put("address", member.address().toString());
                    return shown;
                })
                .toList();
    }

    private void post(HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        String type = request.getContentType();
        if (type == null || !JSON_TYPE.matcher(type).matches()) {
            answers.error(
                    response,
                    HttpServletResponse.SC_UNSUPPORTED_MEDIA_TYPE,
                    "POST needs Content-Type: application/json");
            return;
        }
        byte[] body = request.getInputStream().readNBytes(BODY_BYTES_MAX + 1);
        if (body.length > BODY_BYTES_MAX) {
            answers.error(response, HttpServletResponse.SC_REQUEST_ENTITY_TOO_LARGE, "the body is too large");
            return;
        }
        JsonNode parsed = JsonMapper.shared().readTree(body.length == 0 ? "{}".getBytes(StandardCharsets.UTF_8) : body);
        RelativePath toRestore = HistoryResources.path(request.getRequestURI(), HistoryResources.RESTORE);
        if (toRestore != null) {
            paths.restore(toRestore, timeout(parsed), request, response);
            return;
        }
        switch (request.getRequestURI()) {
            case "/v1/sync" -> {
                SyncReport report = node.sync(flag(parsed, "all"), flag(parsed, "scan"), timeout(parsed));
                answers.json(
                        response,
                        report.done() ? HttpServletResponse.SC_OK : HttpServletResponse.SC_GATEWAY_TIMEOUT,
                        report);
            }
            case "/v1/verify" -> {
                VerifyReport report = flag(parsed, "deep")
                        ? node.verifyDeep(!flag(parsed, "continue"), timeout(parsed))
                        : node.verify(timeout(parsed));
                boolean isRunning = report.deep().stream().anyMatch(DeepState::running);
                answers.json(response, isRunning ? HttpServletResponse.SC_ACCEPTED : HttpServletResponse.SC_OK, report);
            }
            case "/v1/members/replace" ->
                administer(response, () -> node.replaceMember(new NodeId(required(parsed, "node"))));
            case "/v1/leader/transfer" ->
                administer(response, () -> node.transferLeadership(new NodeId(required(parsed, "node"))));
            case "/v1/deletions/resume" -> administer(response, node::resumeDeletions);
            default -> answers.error(response, HttpServletResponse.SC_NOT_FOUND, "no such resource");
        }
    }

    @FunctionalInterface
    private interface Administration {
        void run() throws IOException, InterruptedException;
    }

    private void administer(HttpServletResponse response, Administration step)
            throws IOException, InterruptedException {
        try {
            step.run();
        } catch (IOException refused) {
            answers.error(response, HttpServletResponse.SC_CONFLICT, String.valueOf(refused.getMessage()));
            return;
        }
        answers.json(response, HttpServletResponse.SC_OK, Map.of("done", true));
    }

    private static boolean flag(JsonNode body, String name) {
        return body.path(name).asBoolean(false);
    }

    private static Duration timeout(JsonNode body) {
        long millis = body.path("timeoutMillis").asLong(TIMEOUT_MILLIS_DEFAULT);
        return Duration.ofMillis(Math.clamp(millis, 1, TIMEOUT_MILLIS_MAX));
    }

    private static String required(JsonNode body, String name) {
        String value = body.path(name).asString("");
        if (value.isEmpty()) {
            throw new IllegalArgumentException("the body must name a " + name);
        }
        return value;
    }
}
