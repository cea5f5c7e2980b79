package dev.lockstep.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The history of one path, as the API tells it.
///
/// @param path    for people, see [dev.lockstep.model.Escaped]
/// @param index   the log index at which it was read
/// @param current revision of the content that stands there now, null if none does
/// @param revisions newest first
/// @param unreached nodes that could not be asked what they keep
public record PathHistory(
        String path, long index, @Nullable String current, List<Line> revisions, List<String> unreached) {
    public PathHistory {
        revisions = List.copyOf(revisions);
        unreached = List.copyOf(unreached);
    }

    /// @param what    `created`, `edited`, `moved`, `conflict copy` or `deleted`
    /// @param node    that proposed it
    /// @param time    by that node's clock, ISO 8601, null if it did not say
    /// @param type    `file` or `symlink`, null for a deletion
    /// @param size    bytes of the file, or of the link's target
    /// @param from    the old path of what was moved
    /// @param heldBy  nodes that keep the bytes of the file
    /// @param gone    no node keeps them; false while some node could not be asked
    public record Line(
            String revision,
            String what,
            String node,
            @Nullable String time,
            @Nullable String type,
            long size,
            @Nullable String digest,
            @Nullable String target,
            @Nullable String mode,
            @Nullable String modified,
            @Nullable String from,
            boolean current,
            List<String> heldBy,
            boolean gone) {
        public Line {
            heldBy = List.copyOf(heldBy);
        }
    }
}
