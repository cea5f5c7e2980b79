package dev.lockstep.consensus.ratis;

import dev.lockstep.consensus.PeerCalls;
import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.Server;
import org.apache.ratis.thirdparty.io.grpc.ServerServiceDefinition;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.ServerCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/// The one port of a node towards its peers. Before the log runs it answers calls alone; then the log's
/// server takes the port
/// over and answers them too. Thread-safe.
public final class PeerPort implements PeerCalls {
    private static final int FRAME_BYTES_MAX = MESSAGE_BYTES_MAX + 1024;
    private static final String SERVICE = "lockstep.Peer";
    private static final MethodDescriptor<byte[], byte[]> CALL = MethodDescriptor.<byte[], byte[]>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName(SERVICE + "/Call")
            .setRequestMarshaller(new Frame())
            .setResponseMarshaller(new Frame())
            .build();

    private final Address address;
    private final ExecutorService answering = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("peer-call-", 0).factory());
    private final Map<Address, ManagedChannel> channels = new ConcurrentHashMap<>();
    private final Map<String, Service> services = new ConcurrentHashMap<>();
    private @Nullable Server server;

    /// @param address where to listen; the port is not 0
    public PeerPort(Address address) {
        this.address = address;
    }

    /// Answers methods whose name begins with `prefix`.
    public void serve(String prefix, Service service) {
        services.put(prefix, service);
    }

    /// Listens until the log's server takes over.
    ///
    /// @throws IOException naming the port if it is taken
    public synchronized void listen() throws IOException {
        try {
            server = NettyServerBuilder.forAddress(new InetSocketAddress(address.host(), address.port()))
                    .maxInboundMessageSize(FRAME_BYTES_MAX)
                    .addService(definition())
                    .build()
                    .start();
        } catch (IOException refused) {
            throw new IOException(
                    "cannot listen on " + address + ": " + Causes.root(refused).getMessage(), refused);
        }
    }

    /// Frees the port for the log's server.
    synchronized void handOver() {
        Server listening = server;
        server = null;
        if (listening != null) {
            listening.shutdownNow();
            try {
                listening.awaitTermination(3, TimeUnit.SECONDS);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    ServerServiceDefinition definition() {
        return ServerServiceDefinition.builder(SERVICE)
                .addMethod(CALL, ServerCalls.asyncUnaryCall(this::answer))
                .build();
    }

    private void answer(byte[] frame, StreamObserver<byte[]> observer) {
        answering.execute(() -> {
            try {
                int length = frame[0] & 0xff;
                String method = new String(frame, 1, length, StandardCharsets.UTF_8);
                Bytes request = Bytes.wrap(frame).slice(1 + length, frame.length);
                observer.onNext(service(method).serve(method, request).toArray());
                observer.onCompleted();
            } catch (IOException | RuntimeException | Error failed) {
                observer.onError(Status.UNAVAILABLE
                        .withDescription(String.valueOf(failed.getMessage()))
                        .asRuntimeException());
            }
        });
    }

    private Service service(String method) throws IOException {
        for (Map.Entry<String, Service> entry : services.entrySet()) {
            if (method.startsWith(entry.getKey())) {
                return entry.getValue();
            }
        }
        throw new IOException("not ready for " + method);
    }

    @Override
    public CompletableFuture<Bytes> call(Address peer, String method, Bytes request, Duration timeout) {
        byte[] name = method.getBytes(StandardCharsets.UTF_8);
        byte[] frame = new byte[1 + name.length + request.size()];
        frame[0] = (byte) name.length;
        System.arraycopy(name, 0, frame, 1, name.length);
        System.arraycopy(request.unsafeArray(), 0, frame, 1 + name.length, request.size());
        CompletableFuture<Bytes> answer = new CompletableFuture<>();
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
        ClientCalls.asyncUnaryCall(channel(peer).newCall(CALL, options), frame, new StreamObserver<byte[]>() {
            @Override
            public void onNext(byte[] value) {
                answer.complete(Bytes.wrap(value));
            }

            @Override
            public void onError(Throwable failure) {
                Status status = Status.fromThrowable(failure);
                String reason =
                        status.getDescription() == null ? status.getCode().name() : status.getDescription();
                answer.completeExceptionally(new IOException(peer + " " + method + ": " + reason, failure));
            }

            @Override
            public void onCompleted() {
                if (!answer.isDone()) {
                    answer.completeExceptionally(new IOException(peer + " " + method + ": no answer"));
                }
            }
        });
        return answer;
    }

    private ManagedChannel channel(Address peer) {
        return channels.computeIfAbsent(
                peer,
                to -> NettyChannelBuilder.forAddress(to.host(), to.port())
                        .usePlaintext()
                        .maxInboundMessageSize(FRAME_BYTES_MAX)
                        .build());
    }

    @Override
    public void close() {
        handOver();
        channels.values().forEach(ManagedChannel::shutdownNow);
        answering.shutdownNow();
    }

    /// A message as it is.
    private static final class Frame implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new java.io.ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try (stream) {
                return stream.readAllBytes();
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }
    }
}
