package dev.lockstep.catalog.rocksdb;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The directories of the states a store went through, `generation-1` and up. A file, `current`, names the
/// one that
/// counts; it is replaced atomically, so that a crash leaves either the old state or the new one. For the
/// store's
/// writing thread alone.
record Generations(Path directory) {
    private static final String PREFIX = "generation-";
    private static final String CURRENT = "current";
    private static final String NEXT = "current.next";

    /// Makes the directory if need be.
    static Generations in(Path directory) throws IOException {
        Files.createDirectories(directory);
        return new Generations(directory);
    }

    /// Whether there ever was a state.
    ///
    /// @throws IOException if there was one and nothing names it: starting over would pass for an empty tree
    boolean isFounded() throws IOException {
        boolean isFounded = Files.exists(directory.resolve(CURRENT));
        boolean isBeingFounded = Files.exists(directory.resolve(NEXT));
        if (!isFounded && !isBeingFounded && !generations().isEmpty()) {
            throw new DamagedCatalog(
                    "the file that names the catalog's state is missing: " + directory.resolve(CURRENT), null);
        }
        return isFounded;
    }

    /// An empty directory for the first state. A founding that a crash cut short is begun anew.
    Path prepareFirst() throws IOException {
        Path first = directory.resolve(PREFIX + 1);
        stage(first);
        removeAllBut(directory);
        return first;
    }

    Path current() throws IOException {
        String name = Files.readString(directory.resolve(CURRENT), StandardCharsets.US_ASCII);
        if (!name.matches(PREFIX + "[0-9]{1,9}")) {
            throw new DamagedCatalog("damaged: " + directory.resolve(CURRENT), null);
        }
        return directory.resolve(name);
    }

    /// An empty directory beside the current one, which is the only other one left.
    Path prepareNext() throws IOException {
        Path current = current();
        removeAllBut(current);
        int number = Integer.parseInt(current.getFileName().toString().substring(PREFIX.length()));
        return directory.resolve(PREFIX + (number + 1));
    }

    /// Durable on return.
    void makeCurrent(Path generation) throws IOException {
        stage(generation);
        Files.move(directory.resolve(NEXT), directory.resolve(CURRENT), StandardCopyOption.ATOMIC_MOVE);
        force(directory);
    }

    private void stage(Path generation) throws IOException {
        Path staged = directory.resolve(NEXT);
        Files.writeString(staged, generation.getFileName().toString(), StandardCharsets.US_ASCII);
        force(staged);
        force(directory);
    }

    /// Removes what was replaced, or left over by a crash.
    void removeAllBut(Path kept) throws IOException {
        for (Path generation : generations()) {
            if (!generation.equals(kept)) {
                removeTree(generation);
            }
        }
    }

    private List<Path> generations() throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> path.getFileName().toString().startsWith(PREFIX))
                    .toList();
        }
    }

    private static void removeTree(Path root) throws IOException {
        Files.walkFileTree(root, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path left, @Nullable IOException failed) throws IOException {
                if (failed != null) {
                    throw failed;
                }
                Files.delete(left);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static void force(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
