package dev.lockstep.node;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.rocksdb.DamagedCatalog;
import dev.lockstep.catalog.rocksdb.RocksStore;
import dev.lockstep.folder.rocksdb.DamagedIndex;
import dev.lockstep.folder.rocksdb.RocksIndexStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// Opens what a node keeps beside its log. Both stores can be made anew: the catalog from the last snapshot and the
/// log,
/// the folder index from the folder and the catalog. A damaged one is put aside, never used.
record Stores(StateDirectory directory, boolean isAfterPowerLoss, Consumer<String> tell) {
    private static final String ASIDE = ".damaged";

    /// @throws IOException if the catalog cannot be opened, not even anew
    Catalog catalog() throws IOException {
        Path path = directory.part("catalog");
        try {
            return new Catalog(RocksStore.open(path, isAfterPowerLoss));
        } catch (DamagedCatalog damaged) {
            putAside(path);
            tell.accept("the catalog is damaged (" + damaged.getMessage()
                    + "): it is made anew from the log; the old one" + " is " + aside(path));
            return new Catalog(RocksStore.open(path));
        }
    }

    /// Without what the index knew, a file that was changed here while the node was down becomes a conflict copy, and
    /// one that was deleted comes back.
    RocksIndexStore index() throws IOException {
        Path path = directory.part("index");
        if (OwnStore.hasRun(directory.path()) && isEmpty(path)) {
            tell.accept("the folder index is missing: it is made anew from the folder");
        }
        try {
            return isAfterPowerLoss ? RocksIndexStore.openAfterPowerLoss(path) : RocksIndexStore.open(path);
        } catch (DamagedIndex damaged) {
            putAside(path);
            tell.accept("the folder index is damaged (" + damaged.getMessage()
                    + "): it is made anew from the folder; the" + " old one is " + aside(path));
            return RocksIndexStore.open(path);
        }
    }

    private static boolean isEmpty(Path path) throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.findAny().isEmpty();
        }
    }

    private static Path aside(Path path) {
        return path.resolveSibling(path.getFileName() + ASIDE);
    }

    private static void putAside(Path path) throws IOException {
        Path aside = aside(path);
        if (Files.exists(aside)) {
            try (Stream<Path> older = Files.walk(aside)) {
                for (Path one :
                        older.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(one);
                }
            }
        }
        Files.move(path, aside, StandardCopyOption.ATOMIC_MOVE);
        Files.createDirectory(path);
    }
}
