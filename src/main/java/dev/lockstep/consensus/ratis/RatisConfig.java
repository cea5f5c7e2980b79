package dev.lockstep.consensus.ratis;

import dev.lockstep.model.Member;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/// What the log of one cluster is started with.
///
/// @param group                  the cluster
/// @param self                   this node, one of `members` unless it joins
/// @param members                the founding members; empty for a node that joins a cluster that runs
/// @param directory              where the log is kept
/// @param isNew                  whether the directory may be formatted: true only at the first start of a
///     store
/// @param snapshotTriggerEntries take a snapshot, and cut the log, after that many entries
/// @param purgePreservedEntries  entries before the snapshot that are kept for followers that lag a little
/// @param segmentBytesMax        size of one file of the log
public record RatisConfig(
        UUID group,
        Member self,
        List<Member> members,
        Path directory,
        boolean isNew,
        long snapshotTriggerEntries,
        long purgePreservedEntries,
        int segmentBytesMax) {
    public static final long SNAPSHOT_TRIGGER_ENTRIES = 20_000;
    public static final long PURGE_PRESERVED_ENTRIES = 20_000;
    public static final int SEGMENT_BYTES_MAX = 4 << 20;

    public RatisConfig {
        members = List.copyOf(members);
    }
}
