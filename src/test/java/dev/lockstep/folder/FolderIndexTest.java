package dev.lockstep.folder;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.rocksdb.RocksIndexStore;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is recorded below an entry.
final class FolderIndexTest {
    @TempDir
    private Path directory;

    private RocksIndexStore store;
    private FolderIndex index;

    @BeforeEach
    void open() throws IOException {
        store = RocksIndexStore.open(directory.resolve("index"));
        index = new FolderIndex(store);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static EntryId id(long value) {
        return new EntryId(value);
    }

    private void hold(long id, long parent, String name) {
        Entry entry = new Entry(
                id(id),
                id(parent),
                Name.of(name),
                new Content.Directory(),
                new Attributes(0755, 0),
                new Revision(id, 0),
                new Revision(id, 0),
                false);
        index.put(new Held(entry, new Stamp(Kind.DIRECTORY, 1, id, 1, 4096, 1, 1, 0755, 2, 1000)));
    }

    /// Removed one after the other, and stopped anywhere: no record without its directory's is left.
    @Test
    void whatIsDeeperComesBeforeItsDirectory() {
        hold(1, 0, "a");
        hold(2, 1, "b");
        hold(3, 2, "c");
        hold(4, 1, "d");
        hold(5, 0, "beside");
        assertThat(index.subtree(id(1), Set.of())).containsExactly(id(3), id(2), id(4), id(1));
    }

    @Test
    void directoriesThatLieInEachOtherAreNamedOnce() {
        hold(1, 2, "a");
        hold(2, 1, "b");
        assertThat(index.subtree(id(1), Set.of())).containsExactly(id(2), id(1));
    }

    @Test
    void whatIsLeftOutIsSoWithAllBelow() {
        hold(1, 0, "a");
        hold(2, 1, "b");
        hold(3, 2, "c");
        hold(4, 1, "d");
        assertThat(index.subtree(id(1), Set.of(id(2)))).containsExactly(id(4), id(1));
        assertThat(index.subtree(id(1), Set.of(id(1)))).isEmpty();
    }
}
