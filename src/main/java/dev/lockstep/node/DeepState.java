package dev.lockstep.node;

import java.util.List;

/// How the reading of all contents stands on one node, as the API tells it.
///
/// @param running    whether it goes on
/// @param files      read so far, of `filesTotal`
/// @param damaged    files whose bytes were others though nothing had touched them, and what became of each
/// @param unreadable files that could not be read
/// @param good       whether every file is right by now, as far as it was read
public record DeepState(
        String node,
        boolean running,
        long files,
        long filesTotal,
        long bytes,
        List<NodeStatus.Problem> damaged,
        List<NodeStatus.Problem> unreadable,
        boolean good) {
    public DeepState {
        damaged = List.copyOf(damaged);
        unreadable = List.copyOf(unreadable);
    }
}
