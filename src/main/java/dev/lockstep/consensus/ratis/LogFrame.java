package dev.lockstep.consensus.ratis;

import dev.lockstep.model.Bytes;
import java.nio.ByteBuffer;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;

/// What stands in an entry of the log: one byte that tells a command from an entry that only moves the log
/// on, then the
/// command.
final class LogFrame {
    private static final byte NOTHING = 0;
    private static final byte COMMAND = 1;

    private LogFrame() {}

    static Message command(Bytes command) {
        byte[] frame = new byte[1 + command.size()];
        frame[0] = COMMAND;
        System.arraycopy(command.unsafeArray(), 0, frame, 1, command.size());
        return Message.valueOf(UnsafeByteOperations.unsafeWrap(frame));
    }

    static Message nothing() {
        return Message.valueOf(UnsafeByteOperations.unsafeWrap(new byte[] {NOTHING}));
    }

    /// @return null for an entry that only moves the log on
    static @Nullable Bytes command(ByteString frame) {
        if (frame.isEmpty() || frame.byteAt(0) == NOTHING) {
            return null;
        }
        if (frame.byteAt(0) != COMMAND) {
            throw new IllegalStateException("an entry of the log is of kind " + frame.byteAt(0)
                    + ", which this version does not know: start this node with the version that the others run");
        }
        ByteBuffer buffer = frame.asReadOnlyByteBuffer();
        return Bytes.copyOf(buffer.position(1));
    }
}
