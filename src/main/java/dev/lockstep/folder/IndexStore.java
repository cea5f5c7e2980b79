package dev.lockstep.folder;

import java.util.List;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// Where the folder index keeps its records: ordered byte keys. What was written survives the death of the
/// process, not
/// necessarily a power loss. Thread-safe.
public interface IndexStore extends AutoCloseable {
    byte @Nullable [] get(byte[] key);

    /// Hands over the records whose key begins with `prefix`, in key order, until the visitor says `false`.
    void scan(byte[] prefix, BiPredicate<byte[], byte[]> visitor);

    /// Writes all or nothing.
    void write(List<Write> writes);

    @Override
    void close();

    /// One record to write, or to remove.
    final class Write {
        private final byte[] key;
        private final byte @Nullable [] value;

        /// @param value null removes the record
        public Write(byte[] key, byte @Nullable [] value) {
            this.key = key;
            this.value = value;
        }

        public byte[] key() {
            return key;
        }

        public byte @Nullable [] value() {
            return value;
        }
    }
}
