package dev.lockstep.watch;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// Hears nothing, and has the whole folder compared every few seconds instead.
final class PollingWatch implements FolderWatch {
    static final Duration EVERY = Duration.ofSeconds(10);

    private final WatchState state;
    private final Consumer<Hint> sink;
    private final Thread polling = Thread.ofVirtual().name("polling").unstarted(this::poll);

    PollingWatch(String reason, Consumer<Hint> sink) {
        String what = reason + " and start the node again; until then the folder is compared every " + EVERY.toSeconds()
                + " s";
        this.state = new WatchState(0, what);
        this.sink = sink;
    }

    @Override
    public void start() {
        polling.start();
    }

    private void poll() {
        try {
            while (true) {
                Thread.sleep(EVERY);
                sink.accept(new Hint.Unwatched());
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public WatchState state() {
        return state;
    }

    @Override
    public CompletableFuture<Void> drain() {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public void close() {
        polling.interrupt();
    }
}
