package dev.lockstep.folder.rocksdb;

import java.io.IOException;
import java.nio.file.Path;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/// A folder index whose bytes are not those that were written, or that cannot be read.
public final class DamagedIndex extends IOException {
    private static final long serialVersionUID = 1;

    DamagedIndex(Path directory, Throwable cause) {
        super("folder index " + directory + ": " + cause.getMessage(), cause);
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
