package dev.lockstep.catalog;

/// Whether a commit took effect.
public enum Result {
    /// It took effect, each change as its outcome says.
    APPLIED,
    /// The proposal took effect before, at a lower index.
    DUPLICATE,
    /// An earlier proposal of the node is missing: it offers that one first, then this one again.
    GAP,
    /// The node has started again since it offered this.
    STALE_INCARNATION,
    /// The index was applied before: replayed after a restart.
    REPEATED,
    /// The bytes are no command to any version; nothing changed but the applied index.
    UNREADABLE
}
