package dev.lockstep.model;

/// Names one proposal, so that it takes effect once however often it is offered.
///
/// @param node        who proposes
/// @param incarnation counts the starts of that node, durable before the first proposal, `>= 1`
/// @param sequence    counts the proposals of that incarnation, 1, 2, 3 ...
public record OperationId(NodeId node, long incarnation, long sequence) {
    public OperationId {
        if (incarnation < 1 || sequence < 1) {
            throw new IllegalArgumentException("not an operation id: " + incarnation + "/" + sequence);
        }
    }
}
