package dev.lockstep.api;

import dev.lockstep.model.Address;
import dev.lockstep.node.Node;
import java.io.IOException;
import java.util.concurrent.Executors;
import org.eclipse.jetty.ee11.servlet.ServletContextHandler;
import org.eclipse.jetty.ee11.servlet.ServletHolder;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The HTTP server of a node. Requests run on virtual threads.
public final class ApiServer implements AutoCloseable {
    private static final int THREADS_MAX = 16;
    private static final int HEADER_BYTES_MAX = 8 << 10;
    private static final int CONNECTIONS_MAX = 1024;
    private static final long IDLE_MILLIS = 60_000;

    private static final Logger log = LoggerFactory.getLogger(ApiServer.class);

    private final Server server;
    private final Address bound;

    private ApiServer(Server server, Address bound) {
        this.server = server;
        this.bound = bound;
    }

    /// @throws IOException if the address cannot be listened on
    public static ApiServer start(Address address, Node node) throws IOException {
        QueuedThreadPool threads = new QueuedThreadPool(THREADS_MAX, 2);
        threads.setName("http");
        threads.setDaemon(true);
        threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
        Server server = new Server(threads);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        configuration.setSendDateHeader(false);
        configuration.setRequestHeaderSize(HEADER_BYTES_MAX);
        // Names are bytes, also such as make a bad URI: paths are read from what was sent, see PathParameter.
        configuration.setUriCompliance(UriCompliance.UNSAFE);
        ServerConnector connector = new ServerConnector(server, 1, 1, new HttpConnectionFactory(configuration));
        connector.setHost(address.host());
        connector.setPort(address.port());
        connector.setIdleTimeout(IDLE_MILLIS);
        server.addConnector(connector);
        // More than that wait to be accepted: descriptors are for files first.
        server.addBean(new NetworkConnectionLimit(CONNECTIONS_MAX, server));
        ServletContextHandler context = new ServletContextHandler();
        context.getServletHandler().setDecodeAmbiguousURIs(true);
        context.addServlet(new ServletHolder(new ApiServlet(node, connector::getLocalPort)), "/*");
        context.setErrorHandler(new PlainErrors());
        server.setErrorHandler(new PlainErrors());
        server.setHandler(context);
        try {
            server.start();
        } catch (Exception refused) {
            throw new IOException("cannot listen on HTTP address " + address + ": " + refused.getMessage(), refused);
        }
        return new ApiServer(server, new Address(address.host(), connector.getLocalPort()));
    }

    /// What the server itself refuses, and what failed unexpectedly: a status and a word, nothing of the inside.
    private static final class PlainErrors implements Request.Handler {
        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Throwable failure = (Throwable) request.getAttribute(ErrorHandler.ERROR_EXCEPTION);
            int status = response.getStatus();
            if (failure != null && status >= HttpStatus.INTERNAL_SERVER_ERROR_500) {
                log.atError().setCause(failure).log("a request failed");
            }
            response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json;charset=utf-8");
            response.getHeaders().put("X-Content-Type-Options", "nosniff");
            String body = "{\"error\":\"" + HttpStatus.getMessage(status) + "\"}";
            Content.Sink.write(response, true, body, callback);
            return true;
        }
    }

    public Address address() {
        return bound;
    }

    @Override
    public void close() throws IOException {
        try {
            server.stop();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (Exception failure) {
            throw new IOException("stopping the API: " + failure.getMessage(), failure);
        }
    }
}
