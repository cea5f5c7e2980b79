package dev.lockstep.simulation;

import dev.lockstep.content.ContentStore;
import dev.lockstep.content.OpenContent;
import dev.lockstep.content.Receiver;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.transfer.PeerContents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Contents between processes without a network, from store to store.
final class SimulatedTransfer implements PeerContents {
    private static final Duration TRANSFER_TAKES_MAX = Duration.ofMillis(80);

    private final SimulatedProcess process;
    private final Simulation simulation;
    private final ContentStore store;

    SimulatedTransfer(SimulatedProcess process, Simulation simulation, ContentStore store) {
        this.process = process;
        this.simulation = simulation;
        this.store = store;
    }

    @Override
    public CompletableFuture<Void> makeDurable(Content.File content) {
        return attempt(() -> spread(content));
    }

    @Override
    public CompletableFuture<Void> fetch(Content.File content) {
        return attempt(() -> pull(content));
    }

    private interface Work {
        void run() throws IOException;
    }

    private CompletableFuture<Void> attempt(Work work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (process.isReading()) {
            // Who reads waits for it, and there is but one thread.
            attempt(work, done);
        } else {
            process.later(simulation.upTo(TRANSFER_TAKES_MAX), () -> attempt(work, done));
        }
        return done;
    }

    private static void attempt(Work work, CompletableFuture<Void> done) {
        try {
            work.run();
            done.complete(null);
        } catch (IOException refused) {
            done.completeExceptionally(refused);
        }
    }

    private void spread(Content.File content) throws IOException {
        int majority = simulation.machines().size() / 2 + 1;
        int holders = 0;
        for (SimulatedMachine peer : simulation.reachableFrom(process.machine())) {
            if (holders < majority && isReceivedBy(peer, content)) {
                holders++;
            }
        }
        if (holders < majority) {
            store.stagePrivately(content);
            holders++;
        }
        if (holders < majority) {
            throw new IOException("content stands on " + holders + " nodes only");
        }
    }

    private boolean isReceivedBy(SimulatedMachine peer, Content.File content) throws IOException {
        SimulatedProcess receiver = peer.process();
        Bytes bytes = read(store, content);
        if (receiver == null || bytes == null) {
            return false;
        }
        boolean[] isReceived = {false};
        receiver.run(() -> {
            try {
                receive(receiver.contents(), content, bytes);
                isReceived[0] = true;
            } catch (IOException refused) {
                simulation.tell(peer, "does not take", refused);
            }
        });
        return isReceived[0];
    }

    private void pull(Content.File content) throws IOException {
        if (store.hasStaged(content.digest())) {
            return;
        }
        Bytes bytes = read(store, content);
        for (SimulatedMachine peer : simulation.reachableFrom(process.machine())) {
            SimulatedProcess source = peer.process();
            if (bytes == null && source != null) {
                bytes = readAt(source, content);
            }
        }
        if (bytes == null) {
            throw new IOException("no peer has " + content);
        }
        receive(store, content, bytes);
    }

    private @Nullable Bytes readAt(SimulatedProcess source, Content.File content) {
        Bytes[] found = {Bytes.EMPTY};
        boolean[] isFound = {false};
        source.run(() -> {
            try {
                Bytes bytes = read(source.contents(), content);
                isFound[0] = bytes != null;
                found[0] = bytes == null ? Bytes.EMPTY : bytes;
            } catch (IOException changed) {
                simulation.tell(source.machine(), "does not give", changed);
            }
        });
        return isFound[0] ? found[0] : null;
    }

    /// @return null if it is not there as it should
    private static @Nullable Bytes read(ContentStore from, Content.File content) throws IOException {
        try (OpenContent open = from.open(content.digest())) {
            if (open == null || open.sizeBytes() != content.sizeBytes()) {
                return null;
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) content.sizeBytes());
            open.read(bytes, 0);
            Bytes read = Bytes.wrap(bytes.array());
            return Digest.of(read).equals(content.digest()) ? read : null;
        }
    }

    private static void receive(ContentStore into, Content.File content, Bytes bytes) throws IOException {
        if (into.hasStaged(content.digest())) {
            return;
        }
        try (Receiver receiver = into.receive(content)) {
            receiver.write(bytes.buffer());
            receiver.finish();
        }
    }
}
