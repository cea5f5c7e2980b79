package dev.lockstep.consensus;

import dev.lockstep.model.Address;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/// Calls between nodes that are not part of the log: founding, content. They share the port of the log.
public interface PeerCalls extends AutoCloseable {
    /// Largest request or answer, bytes.
    int MESSAGE_BYTES_MAX = 4 << 20;

    /// Calls a peer. Does not block.
    ///
    /// @return completes with its answer; exceptionally with an [IOException] when it cannot be reached, fails
    ///     or the time is up
    CompletableFuture<Bytes> call(Address peer, String method, Bytes request, Duration timeout);

    @Override
    void close();

    /// Answers calls, each on a virtual thread of its own.
    @FunctionalInterface
    interface Service {
        /// @throws IOException to tell the caller that the call failed, with the reason as message
        Bytes serve(String method, Bytes request) throws IOException;
    }
}
