package dev.lockstep.folder.rocksdb;

import dev.lockstep.folder.IndexStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/// The folder index's records in RocksDB. Every write goes to its write-ahead log without an fsync: it
/// survives the
/// death of
/// the process, and what a power loss takes is found again by comparing the folder.
public final class RocksIndexStore implements IndexStore {
    private static final long CACHE_BYTES = 8 << 20;
    private static final long WRITE_BUFFER_BYTES = 8 << 20;
    private static final int BLOOM_BITS = 10;

    private final Path directory;
    private final LRUCache cache;
    private final BloomFilter bloom;
    private final Options options;
    private final WriteOptions writeOptions;
    private final RocksDB db;

    private RocksIndexStore(Path directory, boolean isAfterPowerLoss) throws IOException {
        this.directory = directory;
        RocksDB.loadLibrary();
        this.cache = new LRUCache(CACHE_BYTES);
        this.bloom = new BloomFilter(BLOOM_BITS);
        BlockBasedTableConfig table =
                new BlockBasedTableConfig().setBlockCache(cache).setFilterPolicy(bloom);
        this.options = new Options()
                .setCreateIfMissing(true)
                .setParanoidChecks(true)
                .setWalRecoveryMode(
                        isAfterPowerLoss
                                ? WALRecoveryMode.PointInTimeRecovery
                                : WALRecoveryMode.TolerateCorruptedTailRecords)
                .setWriteBufferSize(WRITE_BUFFER_BYTES)
                .setMaxWriteBufferNumber(2)
                .setMaxTotalWalSize(2 * WRITE_BUFFER_BYTES)
                .setKeepLogFileNum(2)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setMaxOpenFiles(64)
                .setTableFormatConfig(table);
        this.writeOptions = new WriteOptions();
        RocksDB opened = null;
        try {
            opened = RocksDB.open(options, directory.toString());
            opened.verifyChecksum();
        } catch (RocksDBException refused) {
            if (opened != null) {
                opened.close();
            }
            release();
            throw DamagedIndex.isDamage(refused)
                    ? new DamagedIndex(directory, refused)
                    : new IOException("folder index " + directory + ": " + refused.getMessage(), refused);
        }
        this.db = opened;
    }

    /// @throws DamagedIndex if it cannot be read, or not as it was written
    public static RocksIndexStore open(Path directory) throws IOException {
        return new RocksIndexStore(directory, false);
    }

    /// As [#open], where the newest records may be lost: those before them count.
    public static RocksIndexStore openAfterPowerLoss(Path directory) throws IOException {
        return new RocksIndexStore(directory, true);
    }

    @Override
    public byte @Nullable [] get(byte[] key) {
        try {
            return db.get(key);
        } catch (RocksDBException failure) {
            throw failed("read", failure);
        }
    }

    @Override
    public void scan(byte[] prefix, BiPredicate<byte[], byte[]> visitor) {
        try (RocksIterator records = db.newIterator()) {
            for (records.seek(prefix); records.isValid(); records.next()) {
                byte[] key = records.key();
                boolean isBelow =
                        key.length >= prefix.length && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length);
                if (!isBelow || !visitor.test(key, records.value())) {
                    return;
                }
            }
            records.status();
        } catch (RocksDBException failure) {
            throw failed("read", failure);
        }
    }

    @Override
    public void write(List<Write> writes) {
        try (WriteBatch batch = new WriteBatch()) {
            for (Write write : writes) {
                if (write.value() == null) {
                    batch.delete(write.key());
                } else {
                    batch.put(write.key(), write.value());
                }
            }
            db.write(writeOptions, batch);
        } catch (RocksDBException failure) {
            throw failed("write", failure);
        }
    }

    private UncheckedIOException failed(String operation, RocksDBException failure) {
        return new UncheckedIOException(
                new IOException("folder index " + directory + ": " + operation + ": " + failure.getMessage(), failure));
    }

    @Override
    public void close() {
        db.close();
        release();
    }

    private void release() {
        writeOptions.close();
        options.close();
        bloom.close();
        cache.close();
    }
}
