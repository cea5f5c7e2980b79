package dev.lockstep.consensus.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is taken away at the end of the log, and what is not.
final class OpenSegmentTest {
    private static final int FILE_BYTES = 8192;
    private static final int ENTRY_BYTES = 1500;

    @TempDir
    Path directory;

    private Path file;
    private byte[] record;

    @BeforeEach
    void write() throws IOException {
        file = directory.resolve("log_inprogress_7");
        record = record(ENTRY_BYTES);
        Files.write(file, segment(record, record));
    }

    private static byte[] record(int entryBytes) {
        ByteBuffer record = ByteBuffer.allocate(entryBytes + 6);
        record.put((byte) ((entryBytes & 0x7f) | 0x80)).put((byte) (entryBytes >> 7));
        for (int i = 0; i < entryBytes; i++) {
            record.put((byte) (i % 100 + 1));
        }
        CRC32C checksum = new CRC32C();
        checksum.update(record.array(), 0, record.position());
        return record.putInt((int) checksum.getValue()).array();
    }

    private static byte[] segment(byte[]... records) {
        ByteBuffer segment = ByteBuffer.allocate(FILE_BYTES);
        segment.put("RaftLog1".getBytes(StandardCharsets.US_ASCII));
        for (byte[] one : records) {
            segment.put(one);
        }
        return segment.array();
    }

    private byte[] afterRepair() throws IOException {
        for (OpenSegment segment : OpenSegment.in(directory)) {
            segment.removeTornRecord();
        }
        return Files.readAllBytes(file);
    }

    @Test
    void wholeSegmentStaysAsItIs() throws IOException {
        assertThat(afterRepair()).isEqualTo(segment(record, record));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 700, ENTRY_BYTES, ENTRY_BYTES + 2, ENTRY_BYTES + 3, ENTRY_BYTES + 5})
    void beginningOfRecordIsTakenAway(int bytes) throws IOException {
        Files.write(file, segment(record, record, Arrays.copyOf(record, bytes)));
        assertThat(afterRepair()).isEqualTo(segment(record, record));
    }

    /// The end may reach the disk before the middle.
    @Test
    void recordWithSectorThatWasNeverWrittenIsTakenAway() throws IOException {
        byte[] segment = segment(record, record);
        Arrays.fill(segment, 2048, 2560, (byte) 0);
        Files.write(file, segment);
        assertThat(afterRepair()).isEqualTo(segment(record));
    }

    @Test
    void recordThatWasDamagedLaterIsLeftToBeRefused() throws IOException {
        byte[] segment = segment(record, record);
        segment[2100] ^= 1;
        Files.write(file, segment);
        assertThat(afterRepair()).isEqualTo(segment);
    }

    @Test
    void damageBeforeOtherRecordsIsLeftToBeRefused() throws IOException {
        byte[] segment = segment(record, record);
        Arrays.fill(segment, 512, 1024, (byte) 0);
        Files.write(file, segment);
        assertThat(afterRepair()).isEqualTo(segment);
    }

    @Test
    void segmentThatEndsWithinRecordIsFilledUpWithZeros() throws IOException {
        byte[] cut = Arrays.copyOf(segment(record, record), 8 + record.length + 900);
        Files.write(file, cut);
        assertThat(afterRepair()).isEqualTo(Arrays.copyOf(segment(record), cut.length));
    }
}
