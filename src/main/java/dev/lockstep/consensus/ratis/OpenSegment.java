package dev.lockstep.consensus.ratis;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The segment that Ratis appends to. The end of the process or of the power may leave the beginning of a record behind
/// the last whole one. Nobody was told of that record, as it was not synced; Ratis refuses the log for it when it is
/// set, as ours is, not to go on from a log that is damaged. So the torn record is taken away before Ratis looks.
///
/// A segment is a header, then records: the size of an entry as a variable-length integer, the entry, and the CRC-32C
/// of
/// both; the rest of the file is zeros.
///
/// @param file named `log_inprogress_` and its first index
record OpenSegment(Path file) {
    private static final Logger log = LoggerFactory.getLogger(OpenSegment.class);
    private static final String NAME = "log_inprogress_";
    private static final int HEADER_BYTES = 8;
    private static final int CHECKSUM_BYTES = 4;
    private static final int SIZE_BYTES_MAX = 5;
    /// What a disk writes whole or not at all.
    private static final int SECTOR_BYTES = 512;

    /// @param current the directory of a group's log; need not exist
    static List<OpenSegment> in(Path current) throws IOException {
        if (!Files.isDirectory(current)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(current)) {
            return files.filter(file -> file.getFileName().toString().startsWith(NAME))
                    .map(OpenSegment::new)
                    .toList();
        }
    }

    /// Takes a torn last record away; durable on return. What is damaged otherwise is left for Ratis to refuse.
    void removeTornRecord() throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int written = written(bytes);
        int at = Math.min(HEADER_BYTES, bytes.length);
        int next = endOfRecord(bytes, at);
        while (next > 0) {
            at = next;
            next = endOfRecord(bytes, at);
        }
        if (at >= written || !isTorn(bytes, at, written)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(written - at), at);
            channel.force(true);
        }
        log.atWarn()
                .addKeyValue("file", file)
                .addKeyValue("bytes", written - at)
                .log("the last record was not written to its end, and acknowledged by nobody: taken away");
    }

    private static int written(byte[] bytes) {
        int written = bytes.length;
        while (written > 0 && bytes[written - 1] == 0) {
            written--;
        }
        return written;
    }

    /// @return where the whole record at `at` ends, 0 if there is none
    private static int endOfRecord(byte[] bytes, int at) {
        long end = claimedEnd(bytes, at);
        if (end <= at || end > bytes.length) {
            return 0;
        }
        int stored = (int) end - CHECKSUM_BYTES;
        return ByteBuffer.wrap(bytes).getInt(stored) == (int) checksum(bytes, at, stored) ? (int) end : 0;
    }

    /// Where the record at `at` would end by its size; 0 if there is no size, [Long#MAX_VALUE] if it is cut off.
    private static long claimedEnd(byte[] bytes, int at) {
        long size = 0;
        for (int i = 0; i < SIZE_BYTES_MAX; i++) {
            if (at + i >= bytes.length) {
                return i == 0 ? 0 : Long.MAX_VALUE;
            }
            size |= (bytes[at + i] & 0x7fL) << (7 * i);
            if (bytes[at + i] >= 0) {
                return size == 0 ? 0 : at + i + 1 + size + CHECKSUM_BYTES;
            }
        }
        return 0;
    }

    /// A record that a disk has damaged later is no torn one: it was whole, and may have been acknowledged.
    /// Torn is one that nothing follows and whose end or a whole sector was never written. The write-ahead log
    /// of etcd looks for sectors of zeros, too.
    private static boolean isTorn(byte[] bytes, int at, int written) {
        long end = claimedEnd(bytes, at);
        if (written > end) {
            return false;
        }
        if (end > bytes.length || written <= end - CHECKSUM_BYTES || isChecksumCutOff(bytes, at, (int) end, written)) {
            return true;
        }
        int first = Math.ceilDiv(at, SECTOR_BYTES) * SECTOR_BYTES;
        for (int sector = first; sector + SECTOR_BYTES <= end; sector += SECTOR_BYTES) {
            if (isZero(bytes, sector)) {
                return true;
            }
        }
        return false;
    }

    /// Whether all of the entry is right, and the checksum as far as it was written.
    private static boolean isChecksumCutOff(byte[] bytes, int at, int end, int written) {
        int stored = end - CHECKSUM_BYTES;
        byte[] expected = ByteBuffer.allocate(CHECKSUM_BYTES)
                .putInt(0, (int) checksum(bytes, at, stored))
                .array();
        return written < end && Arrays.equals(bytes, stored, written, expected, 0, written - stored);
    }

    private static long checksum(byte[] bytes, int from, int to) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, from, to - from);
        return checksum.getValue();
    }

    private static boolean isZero(byte[] bytes, int sector) {
        for (int i = 0; i < SECTOR_BYTES; i++) {
            if (bytes[sector + i] != 0) {
                return false;
            }
        }
        return true;
    }
}
