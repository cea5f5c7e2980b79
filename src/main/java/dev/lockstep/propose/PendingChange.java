package dev.lockstep.propose;

import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.RelativePath;
import java.util.List;
import java.util.Optional;

/// A local change on its way to the cluster.
///
/// @param paths   what it is about: one path, or for a move every old and new path; nothing else is proposed
///     for them,
/// and
///     nothing is placed there, until the outcome is known
/// @param stamp   of the bytes that are proposed, which stand at the path; empty for a move, a deletion, and an edit
///     whose bytes stand at no path any more
/// @param content the bytes, if they travel in the proposal
/// @param sequence rises with every change found; tells older from newer ones
public record PendingChange(
        List<RelativePath> paths, Change change, Optional<Stamp> stamp, Optional<Bytes> content, long sequence) {
    public PendingChange {
        paths = List.copyOf(paths);
    }

    /// The bytes of the content are no part of it: the sequence tells changes apart as well, and at once.
    @Override
    public int hashCode() {
        return Long.hashCode(sequence);
    }

    /// Where the change stands on disk now.
    public RelativePath path() {
        return paths.getLast();
    }

    /// Whether nothing at or below its paths may be proposed or placed meanwhile.
    boolean coversSubtree() {
        return switch (change) {
            case Change.Move _, Change.Delete _, Change.Release _ -> true;
            case Change.Put _, Change.SetAttributes _ -> false;
        };
    }
}
