package dev.lockstep.node;

import java.util.List;

/// Whether all nodes hold the same.
///
/// @param same      every node was reached, their catalogs agree and their folders are as their catalogs say
/// @param trees     of every node that was reached
/// @param unreached nodes that did not answer, each with the reason
/// @param deep      how the reading of all contents went on every node; empty if that was not asked for
public record VerifyReport(boolean same, List<TreeState> trees, List<String> unreached, List<DeepState> deep) {
    public VerifyReport {
        trees = List.copyOf(trees);
        unreached = List.copyOf(unreached);
        deep = List.copyOf(deep);
    }
}
