package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.folder.FolderRoot;
import dev.lockstep.folder.NativeFolderRoot;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The marker comes back where it was, and nowhere else.
final class MarkerKeeperTest {
    private static final FolderMarker MARKER =
            new FolderMarker(new UUID(1, 2), new NodeId("node1"), new StoreId("00112233445566ff"));

    @TempDir
    private Path home;

    @Test
    void markerComesBackInTheSameDirectoryOnly() throws Exception {
        Path place = Files.createDirectories(home.resolve("folder"));
        Path hidden = Files.createDirectories(home.resolve("state"));
        DurableFiles files = new DurableFiles();
        MARKER.write(files, place, hidden);
        try (FolderRoot folder = NativeFolderRoot.open(place);
                FolderRoot state = NativeFolderRoot.open(hidden);
                MarkerKeeper keeper = new MarkerKeeper(MARKER, folder, state, files)) {
            Path marker = place.resolve(FolderMarker.NAME);
            Files.delete(marker);
            keeper.look();
            assertThat(FolderMarker.read(place)).contains(MARKER);
            assertThat(FolderMarker.copy(hidden)).hasSameTextualContentAs(marker);

            Files.writeString(marker, "someone's");
            keeper.look();
            assertThat(marker).hasContent("someone's");

            Files.delete(marker);
            Files.move(place, home.resolve("away"));
            keeper.look();
            Files.createDirectory(place);
            keeper.look();
            assertThat(place).isEmptyDirectory();
            assertThat(home.resolve("away")).isEmptyDirectory();
        }
    }
}
