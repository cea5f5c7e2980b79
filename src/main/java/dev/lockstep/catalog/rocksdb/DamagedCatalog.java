package dev.lockstep.catalog.rocksdb;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/// A catalog whose files are missing or not as they were written.
public final class DamagedCatalog extends IOException {
    private static final long serialVersionUID = 1;

    DamagedCatalog(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /// Whether it is the files, and not the disk at this moment, that made an opening fail.
    static boolean isDamage(RocksDBException failed) {
        Status status = failed.getStatus();
        if (status == null) {
            return false;
        }
        return switch (status.getCode()) {
            case Corruption, NotFound, InvalidArgument, NotSupported -> true;
            case IOError -> String.valueOf(failed.getMessage()).contains("No such file");
            default -> false;
        };
    }
}
