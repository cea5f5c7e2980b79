package dev.lockstep.transfer;

import dev.lockstep.model.Content;
import java.util.concurrent.CompletableFuture;

/// Contents between this node and its peers. No call blocks.
public interface PeerContents {
    /// Makes a content of this node durable on a majority of voters. This node counts only with a private
    /// copy, which it makes when the others that can be reached are no majority.
    ///
    /// @return completes once a majority holds it; exceptionally when that cannot be had now
    CompletableFuture<Void> makeDurable(Content.File content);

    /// Obtains a content from whichever peer holds it.
    ///
    /// @return completes once it is staged, whole, verified and durable
    CompletableFuture<Void> fetch(Content.File content);
}
