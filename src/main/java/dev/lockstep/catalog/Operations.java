package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Outcome;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which proposals of a node took effect. In one incarnation they do so one after the other, without gaps.
///
/// @param incarnation  the newest one seen, 0 before the first
/// @param lastSequence of the last proposal that took effect in it
record Operations(long incarnation, long lastSequence) {
    /// Answers kept per node.
    static final int WINDOW = 256;

    private static final Operations NONE = new Operations(0, 0);

    static Operations of(OrderedStore.Records records, NodeId node) {
        Bytes stored = records.get(Keys.operations(node));
        return stored == null ? NONE : RecordCodec.stored("operation number", stored, Operations::read);
    }

    /// What is to happen to a proposal; [Result#APPLIED] if it is to be applied.
    Result judge(OperationId operation) {
        if (operation.incarnation() < incarnation) {
            return Result.STALE_INCARNATION;
        }
        long last = operation.incarnation() == incarnation ? lastSequence : 0;
        if (operation.sequence() <= last) {
            return Result.DUPLICATE;
        }
        return operation.sequence() == last + 1 ? Result.APPLIED : Result.GAP;
    }

    /// @return none if the answer is not kept any more
    static List<Outcome> answer(OrderedStore.Records records, OperationId operation) {
        @Nullable Bytes stored = records.get(Keys.answer(operation.node(), operation.sequence()));
        if (stored == null) {
            return List.of();
        }
        RecordCodec.Answer answer = RecordCodec.answer(stored);
        boolean isMeant = answer.incarnation() == operation.incarnation() && answer.sequence() == operation.sequence();
        return isMeant ? answer.outcomes() : List.of();
    }

    static void write(OrderedStore.Batch batch, OperationId operation, List<Outcome> outcomes) {
        NodeId node = operation.node();
        batch.put(Keys.operations(node), new Operations(operation.incarnation(), operation.sequence()).encode());
        batch.put(
                Keys.answer(node, operation.sequence()),
                RecordCodec.encode(new RecordCodec.Answer(operation.incarnation(), operation.sequence(), outcomes)));
    }

    private Bytes encode() {
        return WireWriter.message(out -> {
            out.number(1, incarnation);
            out.number(2, lastSequence);
        });
    }

    private static Operations read(WireReader in) throws IOException {
        long incarnation = 0;
        long lastSequence = 0;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> incarnation = in.number();
                case 2 -> lastSequence = in.number();
                default -> in.skip();
            }
        }
        return new Operations(incarnation, lastSequence);
    }
}
