package dev.lockstep.consensus;

import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/// What the log drives. All but [#syncPoint] and [Pin#writeTo] is called by one thread at a time, the
/// applying thread.
public interface ReplicatedState {
    /// The last log index that took effect, 0 before the first. It may lie behind what was applied before a
    /// crash: commits at or below it are handed over again after a restart, see [#apply].
    long appliedIndex();

    /// Takes one commit. Commits come in log order, from the log index after the newest snapshot on; what
    /// was applied before is handed over again after a restart and must change nothing. A throw stops the
    /// node.
    void apply(Commit commit);

    /// Whether `command` may enter the log. Asked on any thread where it is offered and where it is taken;
    /// commits may hold others all the same.
    default boolean isReadable(Bytes command) {
        return true;
    }

    /// Notes that the log went on to `logIndex` by an entry that is no command.
    void advance(long logIndex);

    /// Pins the state at [#appliedIndex()] without copying it.
    Pin pin();

    /// Replaces the whole state by the snapshot in `file`, verifying it first.
    ///
    /// @throws IOException if the file is damaged; the state is then as before
    void install(Path file, long logIndex) throws IOException;

    /// @return completes once everything that commits up to `logIndex` carried stands durably on this
    ///     node without the log; only then may the log be cut up to it
    CompletableFuture<Void> syncPoint(long logIndex);

    /// Called when the log can no longer be written: the process must end with a non-zero status.
    void failed(Throwable cause);

    /// The state at one index, unchanged while later commits are applied.
    interface Pin extends AutoCloseable {
        long logIndex();

        /// Writes the state as one file; the caller makes it durable. Called on any thread.
        void writeTo(Path file) throws IOException;

        @Override
        void close();
    }
}
