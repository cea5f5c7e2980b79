package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// A snapshot of the catalog as one file: a head, all records of the store in the order of their keys, an end
/// mark, the
/// digest of all that.
///
/// @param summary what the records say of themselves
record SnapshotFile(Path file, Summary summary) {
    private static final byte[] HEAD = "lockstep catalog 1\n".getBytes(StandardCharsets.US_ASCII);
    private static final int BUFFER_BYTES = 1 << 16;
    private static final int KEY_BYTES_MAX = 1 << 13;
    private static final int VALUE_BYTES_MAX = 1 << 20;
    private static final int END = 0;

    static void write(Path file, OrderedStore.Records records) throws IOException {
        try (var digesting = new DigestOutputStream(Files.newOutputStream(file), Digest.digester());
                var out = new DataOutputStream(new BufferedOutputStream(digesting, BUFFER_BYTES))) {
            out.write(HEAD);
            records.scan(Bytes.EMPTY, Keys.after((byte) 0x7e), (key, value) -> {
                writeRecord(out, key, value);
                return true;
            });
            out.writeInt(END);
            out.flush();
            digesting.on(false);
            out.write(Digest.finish(digesting.getMessageDigest()).bytes().unsafeArray());
        } catch (UncheckedIOException failed) {
            throw new IOException("cannot write snapshot " + file, failed);
        }
    }

    private static void writeRecord(DataOutputStream out, Bytes key, Bytes value) {
        try {
            out.writeInt(key.size());
            out.write(key.unsafeArray());
            out.writeInt(value.size());
            out.write(value.unsafeArray());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// Reads the file from end to end.
    ///
    /// @throws IOException unless it is whole and the records agree with their summary
    static SnapshotFile verified(Path file) throws IOException {
        Check check = new Check();
        try (var digesting = new DigestInputStream(
                        new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES), Digest.digester());
                var in = new DataInputStream(digesting)) {
            readRecords(in, check::put);
            digesting.on(false);
            Digest computed = Digest.finish(digesting.getMessageDigest());
            if (!Arrays.equals(in.readAllBytes(), computed.bytes().unsafeArray())) {
                throw new IOException("the checksum is another one");
            }
            return new SnapshotFile(file, check.summary());
        } catch (IOException | IllegalArgumentException | IllegalStateException damaged) {
            throw new IOException("damaged snapshot " + file + ": " + damaged.getMessage(), damaged);
        }
    }

    void each(OrderedStore.Sink sink) throws IOException {
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER_BYTES))) {
            readRecords(in, sink);
        }
    }

    private static void readRecords(DataInputStream in, OrderedStore.Sink sink) throws IOException {
        if (!Arrays.equals(in.readNBytes(HEAD.length), HEAD)) {
            throw new IOException("not a snapshot of this format");
        }
        for (int size = in.readInt(); size != END; size = in.readInt()) {
            Bytes key = readBytes(in, size, KEY_BYTES_MAX);
            sink.put(key, readBytes(in, in.readInt(), VALUE_BYTES_MAX));
        }
    }

    private static Bytes readBytes(DataInputStream in, int size, int sizeMax) throws IOException {
        if (size < 0 || size > sizeMax) {
            throw new IOException("a record of " + size + " bytes");
        }
        byte[] bytes = in.readNBytes(size);
        if (bytes.length < size) {
            throw new EOFException("the file ends early");
        }
        return Bytes.wrap(bytes);
    }

    /// Recomputes the summary from the entries.
    private static final class Check {
        private final Tally tally = new Tally(Summary.BLANK);
        private Summary claimed = Summary.BLANK;
        private long history;
        private @Nullable Bytes last;

        void put(Bytes key, Bytes value) {
            if (last != null && last.compareTo(key) >= 0) {
                throw new IllegalArgumentException("the records are out of order");
            }
            last = key;
            if (key.equals(Keys.SUMMARY)) {
                claimed = Summary.decode(value);
            } else if (key.at(0) == Keys.ENTRY) {
                Entry entry = RecordCodec.entry(value);
                tally.enters(entry);
            } else if (key.at(0) == Keys.HISTORY) {
                history++;
            }
        }

        Summary summary() {
            Summary counted = tally.summary(claimed.appliedIndex(), claimed.nextId(), history);
            if (!counted.equals(claimed)) {
                throw new IllegalArgumentException("the entries are not those of the summary");
            }
            return claimed;
        }
    }
}
