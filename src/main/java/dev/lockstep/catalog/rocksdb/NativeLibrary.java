package dev.lockstep.catalog.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.RocksDB;

/// RocksDB's native code. Left alone it unpacks itself into the temporary directory at each start, and a
/// killed process
/// leaves it there.
final class NativeLibrary {
    private NativeLibrary() {}

    /// Loads the native code, once per process, unpacking it below `directory` for the moment.
    static synchronized void load(Path directory) throws IOException {
        Path unpacked = Files.createDirectories(directory.resolve("native"));
        NativeLibraryLoader.getInstance().loadLibrary(unpacked.toString());
        RocksDB.loadLibrary();
        // Once mapped, the file is not needed under its name.
        try (var files = Files.newDirectoryStream(unpacked)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(unpacked);
    }
}
