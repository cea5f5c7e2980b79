package dev.lockstep.node;

import java.util.List;

/// What a barrier found.
///
/// @param done      whether everything done before the call is committed, and placed where that was asked for
/// @param index     the log index that covers it
/// @param unsettled what it still waits for, or cannot settle, for people
public record SyncReport(boolean done, long index, List<String> unsettled) {
    public SyncReport {
        unsettled = List.copyOf(unsettled);
    }
}
