package dev.lockstep.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What stands in a directory, or one file alone, as the API tells it.
///
/// @param path    for people
/// @param index   the log index at which it was read
/// @param entries in the order of their names
/// @param deleted paths below it that can be restored, if they were asked for
/// @param isWhole whether nothing was left out for length
public record Listing(String path, long index, List<Item> entries, List<String> deleted, boolean isWhole) {
    public Listing {
        entries = List.copyOf(entries);
        deleted = List.copyOf(deleted);
    }

    /// @param type `file`, `symlink` or `directory`
    public record Item(
            String name,
            String type,
            long size,
            String revision,
            String mode,
            @Nullable String modified,
            boolean isConflictCopy) {}
}
