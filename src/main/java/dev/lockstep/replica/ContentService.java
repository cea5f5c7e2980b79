package dev.lockstep.replica;

import dev.lockstep.folder.Stamp;
import dev.lockstep.materialize.LocalContents;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// What the control loop asks of the contents on this node and on its peers. The methods of [LocalContents]
/// but `inline` are
/// answered here too.
public interface ContentService {
    LocalContents local();

    /// @param path  where the content stands on this node while it has `stamp`
    /// @return completes once a majority of voters holds the content durably
    CompletableFuture<Void> makeDurable(Content.File content, RelativePath path, Stamp stamp);

    /// @return completes once the content is staged whole on this node
    CompletableFuture<Void> fetch(Content.File content);

    /// The proposal that needed [#makeDurable] is decided, or given up.
    void release(Content.File content);

    /// Keeps bytes of the log that will be needed after the log is cut, as staged content.
    void stage(Digest digest, Bytes content) throws IOException;

    /// Copies a file of the state directory to the staged contents; durable on return.
    ///
    /// @throws IOException if it is not that content
    void stageCopy(Content.File content, RelativePath source) throws IOException;

    /// Moves a file of the state directory, which holds that content, to the staged contents.
    void restage(Digest digest, RelativePath source) throws IOException;

    /// Keeps bytes of a revision that was superseded before it was placed here.
    void keepHistory(Digest digest, Bytes content) throws IOException;

    /// Makes a staged content history, if there is one: its revision gave way before it was placed.
    void stagedToHistory(Digest digest) throws IOException;

    /// Whether a file of the folder is what a power loss may leave of a content: no longer, and each byte that of the
    /// content or zero. May fetch the content from a peer.
    ///
    /// @param bytes the content, if it is known
    /// @throws IOException if that cannot be found out now
    boolean isTornCopy(RelativePath path, Content.File whole, @Nullable Bytes bytes) throws IOException;

    /// As [#isTornCopy], for a file of the state directory and contents of this node only; false without the content.
    boolean isTornLeftover(RelativePath file, Digest whole) throws IOException;

    /// A private copy that counted as durable is no longer needed for that: the folder is. What was overwritten there
    /// meanwhile becomes history.
    void settle(Digest digest) throws IOException;

    /// Whether a content stands on this node, in the folder, staged or in history, as far as sizes and times tell.
    boolean stands(Digest digest) throws IOException;

    /// Removes a staged content that nothing is to be placed with any more; if that fails it stays.
    void dropStaged(Digest digest);

    /// Moves a file of the state directory, which holds that content and which nobody can write to, into history.
    void keepDisplaced(Digest digest, RelativePath displaced) throws IOException;

    /// Copies a file of the state directory into history; durable on return.
    ///
    /// @throws IOException if it is not that content
    void copyToHistory(Content.File content, RelativePath source) throws IOException;

    /// Makes durable what has been written so far to the folder's and the state directory's file systems.
    void syncFileSystems() throws IOException;
}
