package dev.lockstep.catalog;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Content;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.util.Optional;

/// One line of the history of a file or symlink: what a commit did to it, and how it stood until the next
/// one. Directories have none.
///
/// @param entry       whose history it is
/// @param revision    the commit
/// @param what        it did
/// @param by          who proposed it, and when
/// @param state       how the entry stood from then on, with the attributes it had at last; empty for a
///     deletion
/// @param path        the old path of what was moved, the last path of what was deleted, else empty; empty,
///     too, if it is longer than [HistoryLimits#PATH_BYTES_MAX]
/// @param superseded  when the next commit came; empty for the current revision of an entry that exists
public record HistoryRecord(
        EntryId entry,
        Revision revision,
        What what,
        Signature by,
        Optional<State> state,
        Optional<RelativePath> path,
        Optional<Superseded> superseded) {

    /// What a commit did.
    public enum What {
        CREATED(1),
        EDITED(2),
        MOVED(3),
        /// It came into being, or got its name, by losing a conflict.
        CONFLICT_COPY(4),
        DELETED(5),
        /// It became ignored: it left the catalog, and no folder.
        RELEASED(6);

        private final int code;

        What(int code) {
            this.code = code;
        }

        /// Whether the entry is none any more.
        public boolean isEnd() {
            return this == DELETED || this == RELEASED;
        }

        /// As it is stored.
        int code() {
            return code;
        }

        /// @throws IllegalArgumentException if none has the code
        static What of(int code) {
            for (What what : values()) {
                if (what.code == code) {
                    return what;
                }
            }
            throw new IllegalArgumentException("an unknown kind of change: " + code);
        }
    }

    /// @param node        who proposed the commit
    /// @param clockMillis what its clock showed then, milliseconds since 1970, for people only: nothing is
    ///     decided by it; 0 if it did not say
    public record Signature(NodeId node, long clockMillis) {}

    /// @param contentRevision the commit that brought the content, which a move keeps
    public record State(Content content, Attributes attributes, Revision contentRevision) {}

    /// @param by          the commit that superseded it; of a deletion, which nothing follows, its own
    /// @param clockMillis as in [Signature]
    public record Superseded(Revision by, long clockMillis) {}

    public boolean isCurrent() {
        return superseded.isEmpty();
    }
}
