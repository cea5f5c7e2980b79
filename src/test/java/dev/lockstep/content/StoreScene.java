package dev.lockstep.content;

import dev.lockstep.folder.FolderIndex;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.folder.rocksdb.RocksIndexStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/// A content store over an empty folder and an empty state directory.
final class StoreScene implements AutoCloseable {
    private final NativeFolderRoot state;
    private final NativeFolderRoot folder;
    private final RocksIndexStore index;
    final ContentStore store;

    /// @param seen the state directory as the store sees it
    StoreScene(Path directory, UnaryOperator<FolderRoot> seen) throws IOException {
        Files.createDirectories(directory.resolve("state/staged"));
        Files.createDirectories(directory.resolve("state/history"));
        Files.createDirectories(directory.resolve("folder"));
        state = NativeFolderRoot.open(directory.resolve("state"));
        folder = NativeFolderRoot.open(directory.resolve("folder"));
        index = RocksIndexStore.open(directory.resolve("index"));
        store = new ContentStore(seen.apply(state), folder, new FolderIndex(index));
    }

    @Override
    public void close() throws IOException {
        index.close();
        folder.close();
        state.close();
    }
}
