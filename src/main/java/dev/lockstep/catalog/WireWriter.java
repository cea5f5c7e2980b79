package dev.lockstep.catalog;

import com.google.protobuf.CodedOutputStream;
import dev.lockstep.model.Bytes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Consumer;

/// Writes one message in the protobuf wire format, field by field. Fields of value zero are left out.
final class WireWriter {
    /// Most messages are small; bytes longer than the buffer pass it by.
    private static final int BUFFER_BYTES = 128;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(BUFFER_BYTES);
    private final CodedOutputStream out = CodedOutputStream.newInstance(bytes, BUFFER_BYTES);

    static Bytes message(Consumer<WireWriter> fields) {
        return Bytes.wrap(written(fields));
    }

    void number(int field, long value) {
        if (value != 0) {
            inMemory(() -> out.writeUInt64(field, value));
        }
    }

    /// A number that may be negative and is present even as zero.
    void signed(int field, long value) {
        inMemory(() -> out.writeSInt64(field, value));
    }

    /// A number that is present even as zero.
    void present(int field, long value) {
        inMemory(() -> out.writeUInt64(field, value));
    }

    void bytes(int field, Bytes value) {
        inMemory(() -> out.writeByteArray(field, value.unsafeArray()));
    }

    void text(int field, String value) {
        inMemory(() -> out.writeString(field, value));
    }

    void message(int field, Consumer<WireWriter> fields) {
        byte[] inner = written(fields);
        inMemory(() -> out.writeByteArray(field, inner));
    }

    private static byte[] written(Consumer<WireWriter> fields) {
        WireWriter writer = new WireWriter();
        fields.accept(writer);
        inMemory(writer.out::flush);
        return writer.bytes.toByteArray();
    }

    private static void inMemory(Step step) {
        try {
            step.run();
        } catch (IOException impossible) {
            throw new UncheckedIOException("writing to memory failed", impossible);
        }
    }

    private interface Step {
        void run() throws IOException;
    }
}
