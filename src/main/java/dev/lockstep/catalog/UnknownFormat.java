package dev.lockstep.catalog;

/// A newer version of the program wrote an entry of the log: this one cannot tell what it decides, and
/// going on without it would fork the cluster.
public final class UnknownFormat extends IllegalStateException {
    UnknownFormat(long logIndex, int format, int known) {
        super("entry " + logIndex + " of the log has format " + format + ", this version knows up to " + known
                + ": start this node with the version of Lockstep that the other nodes run");
    }
}
