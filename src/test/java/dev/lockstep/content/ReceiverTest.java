package dev.lockstep.content;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a peer counts on once a content was received.
final class ReceiverTest {
    private static final Bytes BYTES = Bytes.utf8("a content of some size");
    private static final Content.File CONTENT = new Content.File(Digest.of(BYTES), BYTES.size());

    @TempDir
    Path directory;

    private final List<String> calls = new ArrayList<>();
    private StoreScene scene;
    private ContentStore store;

    @BeforeEach
    void open() throws IOException {
        scene = new StoreScene(directory, root -> RecordedCalls.of(root, calls));
        store = scene.store;
    }

    @AfterEach
    void close() throws IOException {
        scene.close();
    }

    /// Its bytes before its name, and its name before anybody is told: a power loss may come between any two.
    @Test
    void contentIsDurableBeforeItHasItsName() throws IOException {
        try (Receiver receiver = store.receive(CONTENT)) {
            receiver.write(BYTES.buffer());
            calls.clear();
            receiver.finish();
        }
        assertThat(calls).containsSubsequence("datasync", "rename", "fsyncDirectory");
        assertThat(store.hasStaged(CONTENT.digest())).isTrue();
    }

    @Test
    void otherBytesAreRefusedAndLeaveNothing() throws IOException {
        try (Receiver receiver = store.receive(CONTENT)) {
            receiver.write(Bytes.utf8("a content of same size").buffer());
            assertThatThrownBy(receiver::finish)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("not the content");
        }
        assertThat(store.hasStaged(CONTENT.digest())).isFalse();
        assertThat(directory.resolve("state/staged")).isEmptyDirectory();
    }

    /// Zeros for long become holes, also at the end; the file reads the same.
    @Test
    void zerosBecomeHoles() throws Exception {
        byte[] whole = new byte[4 << 20];
        whole[1_000_000] = 1;
        whole[1_999_999] = 2;
        Bytes bytes = Bytes.wrap(whole);
        Content.File content = new Content.File(Digest.of(bytes), whole.length);
        try (Receiver receiver = store.receive(content)) {
            for (int at = 0; at < whole.length; at += 300_000) {
                receiver.write(ByteBuffer.wrap(whole, at, Math.min(300_000, whole.length - at)));
            }
            receiver.finish();
        }
        Path staged = directory.resolve("state/staged").resolve(content.digest().toString());
        assertThat(staged).hasBinaryContent(whole);
        Process stat = new ProcessBuilder("stat", "-c", "%b", staged.toString()).start();
        String blocks = new String(stat.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(Long.parseLong(blocks.strip()) * 512).isLessThan(1 << 20);
    }

    @Test
    void missingBytesAreRefused() throws IOException {
        try (Receiver receiver = store.receive(CONTENT)) {
            receiver.write(BYTES.slice(0, 5).buffer());
            assertThatThrownBy(receiver::finish).isInstanceOf(IOException.class);
        }
        assertThat(store.hasStaged(CONTENT.digest())).isFalse();
    }
}
