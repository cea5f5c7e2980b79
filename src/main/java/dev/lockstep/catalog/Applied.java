package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Revision;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.Set;

/// What one commit did to the catalog.
///
/// @param logIndex   of the commit
/// @param operation  the proposal it carried; empty for other commands and for what cannot be read
/// @param result     whether it took effect
/// @param outcomes   one per change of the proposal, in their order, when [Result#APPLIED]; the stored ones
///     when
///     [Result#DUPLICATE], none if the proposal lies too far back; else none
/// @param touched    entries whose record was made, changed or removed, ascending: also directories made on
///     the way and
///     entries renamed to make room. An entry made and removed by the same commit is among them
/// @param contents   the bytes the command carried, whatever the result
/// @param superseded contents that were current before or within this commit and no longer are, in order
public record Applied(
        long logIndex,
        Optional<OperationId> operation,
        Result result,
        List<Outcome> outcomes,
        Set<EntryId> touched,
        Map<Digest, Bytes> contents,
        List<Superseded> superseded) {
    public Applied {
        SequencedSet<EntryId> touchedInOrder = new LinkedHashSet<>(touched);
        SequencedMap<Digest, Bytes> contentsInOrder = new LinkedHashMap<>(contents);
        outcomes = List.copyOf(outcomes);
        touched = Collections.unmodifiableSequencedSet(touchedInOrder);
        contents = Collections.unmodifiableSequencedMap(contentsInOrder);
        superseded = List.copyOf(superseded);
    }

    /// A content of a file that gave way to a newer one, or to the deletion of its entry.
    ///
    /// @param revision of the entry while it held this content
    public record Superseded(EntryId entry, Content.File content, Revision revision) {}
}
