package dev.lockstep.catalog.rocksdb;

import dev.lockstep.catalog.OrderedStore;
import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Snapshot;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/// One open database. Its users are counted, because a call on a closed one would crash the process: it
/// closes when it
/// is retired and the last pin and the last running call have ended. Thread-safe.
final class Generation {
    private static final long BLOCK_CACHE_BYTES = 8 << 20;
    private static final long WRITE_BUFFER_BYTES = 8 << 20;
    private static final int WRITE_BUFFERS_MAX = 2;
    private static final long TABLE_BYTES = 16 << 20;
    private static final int OPEN_FILES_MAX = 64;
    private static final int LOG_FILE_BYTES_MAX = 1 << 20;
    private static final int LOG_FILES_MAX = 2;
    private static final int BLOOM_BITS_PER_KEY = 10;

    private final Path directory;
    private final LRUCache cache = new LRUCache(BLOCK_CACHE_BYTES);
    private final BloomFilter bloom = new BloomFilter(BLOOM_BITS_PER_KEY);
    private final Options options;
    private final ReadOptions reading = new ReadOptions().setVerifyChecksums(true);
    private final WriteOptions unsynced = new WriteOptions();
    private final RocksDB database;

    /// Guarded by this; one is the store itself.
    private int users = 1;

    private boolean isRetired;

    private Generation(Path directory, boolean isNew, WALRecoveryMode recovery) throws IOException {
        this.directory = directory;
        options = options(cache, bloom)
                .setCreateIfMissing(isNew)
                .setErrorIfExists(isNew)
                .setWalRecoveryMode(recovery);
        RocksDB opened = null;
        try {
            opened = RocksDB.open(options, directory.toString());
            opened.verifyChecksum();
        } catch (RocksDBException failed) {
            if (opened != null) {
                opened.close();
            }
            release();
            IOException failure = failure("open", failed);
            throw DamagedCatalog.isDamage(failed)
                    ? new DamagedCatalog(String.valueOf(failure.getMessage()), failed)
                    : failure;
        }
        database = opened;
    }

    /// Opens what [#create] made.
    ///
    /// @param isAfterPowerLoss whether the newest commits may be lost: those before them count
    /// @throws IOException if the database is missing, damaged or in use, or the disk fails
    static Generation open(Path directory, boolean isAfterPowerLoss) throws IOException {
        return new Generation(
                directory,
                false,
                isAfterPowerLoss ? WALRecoveryMode.PointInTimeRecovery : WALRecoveryMode.TolerateCorruptedTailRecords);
    }

    static Generation create(Path directory) throws IOException {
        Files.createDirectories(directory);
        return new Generation(directory, true, WALRecoveryMode.TolerateCorruptedTailRecords);
    }

    private static Options options(LRUCache cache, BloomFilter bloom) {
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setFilterPolicy(bloom)
                .setCacheIndexAndFilterBlocks(true)
                .setPinL0FilterAndIndexBlocksInCache(true);
        return new Options()
                .setParanoidChecks(true)
                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                .setTableFormatConfig(table)
                .setWriteBufferSize(WRITE_BUFFER_BYTES)
                .setMaxWriteBufferNumber(WRITE_BUFFERS_MAX)
                .setMaxTotalWalSize(WRITE_BUFFERS_MAX * WRITE_BUFFER_BYTES)
                .setTargetFileSizeBase(TABLE_BYTES)
                .setMaxOpenFiles(OPEN_FILES_MAX)
                .setMaxBackgroundJobs(2)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setMaxLogFileSize(LOG_FILE_BYTES_MAX)
                .setKeepLogFileNum(LOG_FILES_MAX)
                .setStatsDumpPeriodSec(0)
                .setStatsPersistPeriodSec(0);
    }

    OrderedStore.Records records() {
        return new Reading(reading);
    }

    void write(Map<Bytes, Optional<Bytes>> writes) {
        enter();
        try (WriteBatch batch = new WriteBatch()) {
            for (Map.Entry<Bytes, Optional<Bytes>> each : writes.entrySet()) {
                byte[] key = each.getKey().unsafeArray();
                Optional<Bytes> value = each.getValue();
                if (value.isPresent()) {
                    batch.put(key, value.get().unsafeArray());
                } else {
                    batch.delete(key);
                }
            }
            database.write(unsynced, batch);
        } catch (RocksDBException failed) {
            throw new UncheckedIOException(failure("write", failed));
        } finally {
            leave();
        }
    }

    void flush() throws IOException {
        enter();
        try (FlushOptions waiting = new FlushOptions().setWaitForFlush(true)) {
            database.flush(waiting);
        } catch (RocksDBException failed) {
            throw failure("flush", failed);
        } finally {
            leave();
        }
    }

    OrderedStore.Pin pin() {
        enter();
        return new PinnedReading(database.getSnapshot());
    }

    /// Closes once nobody uses it any more. Calls that come later fail.
    void retire() {
        synchronized (this) {
            if (isRetired) {
                return;
            }
            isRetired = true;
        }
        leave();
    }

    private synchronized void enter() {
        if (users == 0) {
            throw new IllegalStateException("the catalog is closed: " + directory);
        }
        users++;
    }

    private void leave() {
        synchronized (this) {
            users--;
            if (users > 0) {
                return;
            }
        }
        database.close();
        release();
    }

    private void release() {
        options.close();
        reading.close();
        unsynced.close();
        bloom.close();
        cache.close();
    }

    private IOException failure(String operation, RocksDBException failed) {
        return new IOException(
                "cannot " + operation + " the catalog in " + directory + ": " + failed.getMessage(), failed);
    }

    private class Reading implements OrderedStore.Records {
        private final ReadOptions how;

        Reading(ReadOptions how) {
            this.how = how;
        }

        @Override
        public @Nullable Bytes get(Bytes key) {
            enter();
            try {
                byte[] value = database.get(how, key.unsafeArray());
                return value == null ? null : Bytes.wrap(value);
            } catch (RocksDBException failed) {
                throw new UncheckedIOException(failure("read", failed));
            } finally {
                leave();
            }
        }

        @Override
        public void scan(Bytes from, Bytes to, OrderedStore.Visitor visitor) {
            enter();
            try (RocksIterator at = database.newIterator(how)) {
                at.seek(from.unsafeArray());
                boolean goesOn = true;
                while (goesOn && at.isValid()) {
                    Bytes key = Bytes.wrap(at.key());
                    goesOn = key.compareTo(to) < 0 && visitor.visit(key, Bytes.wrap(at.value()));
                    at.next();
                }
                // An iterator that met damage looks like one at its end.
                at.status();
            } catch (RocksDBException failed) {
                throw new UncheckedIOException(failure("read", failed));
            } finally {
                leave();
            }
        }
    }

    private final class PinnedReading extends Reading implements OrderedStore.Pin {
        private final ReadOptions how;
        private final Snapshot snapshot;
        private boolean isClosed;

        PinnedReading(Snapshot snapshot) {
            this(snapshot, new ReadOptions().setVerifyChecksums(true).setSnapshot(snapshot));
        }

        private PinnedReading(Snapshot snapshot, ReadOptions how) {
            super(how);
            this.snapshot = snapshot;
            this.how = how;
        }

        @Override
        public synchronized void close() {
            if (isClosed) {
                return;
            }
            isClosed = true;
            how.close();
            database.releaseSnapshot(snapshot);
            leave();
        }
    }
}
