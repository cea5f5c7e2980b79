package dev.lockstep.transfer;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.NodeId;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/// Calls to the other nodes.
@FunctionalInterface
public interface PeerLink {
    /// @return completes with the answer, exceptionally if there is none in time
    CompletableFuture<Bytes> call(NodeId peer, String method, Bytes request, Duration timeout);
}
