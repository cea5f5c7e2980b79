package dev.lockstep.cli;

import dev.lockstep.api.ApiServer;
import dev.lockstep.model.Address;
import dev.lockstep.model.NodeId;
import dev.lockstep.node.InvalidConfiguration;
import dev.lockstep.node.Node;
import dev.lockstep.node.NodeConfig;
import dev.lockstep.node.StartRefused;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Runs one node in the foreground; the same command restarts it.
@Command(name = "node", description = "Run one node in the foreground. The same command restarts it.")
final class NodeCommand implements Callable<Integer> {
    /// After that the process ends with what is still open: nothing is lost by it, only a little time at the next
    /// start.
    private static final long STOP_SECONDS = 4;

    @Option(names = "--id", required = true, description = "Name of this node, as in --peers.")
    private String id = "";

    @Option(names = "--folder", required = true, description = "The folder to keep the same.")
    private String folder = "";

    @Option(
            names = "--peers",
            description = "All nodes of the cluster, this one included: node1=127.0.0.1:8001,node2=...")
    private @Nullable String peers;

    @Option(names = "--http", description = "Where the API listens (default: ${DEFAULT-VALUE}).")
    private String http = "127.0.0.1:0";

    @Option(names = "--state", description = "Private directory (default: .lockstep/<name> beside the folder).")
    private @Nullable String state;

    @Option(
            names = "--stop-at-end-of-input",
            description = "Stop when standard input ends, as it does with the program that holds its other end.")
    private boolean isBoundToInput;

    @Mixin
    private HistoryOptions history = new HistoryOptions();

    @Override
    public Integer call() {
        try {
            return run(config());
        } catch (InterruptedException stopped) {
            return ExitCode.OK;
        } catch (StartRefused | IOException refused) {
            System.err.println("lockstep: " + refused.getMessage());
            return ExitCode.FAILED;
        }
    }

    private NodeConfig config() throws InvalidConfiguration {
        try {
            Path folderPath = Path.of(folder).toAbsolutePath().normalize();
            Path statePath = state == null
                    ? NodeConfig.defaultState(folderPath)
                    : Path.of(state).toAbsolutePath().normalize();
            return new NodeConfig(
                    new NodeId(id),
                    folderPath,
                    statePath,
                    NodeConfig.parsePeers(peers),
                    Address.parse(http),
                    history.retention());
        } catch (IllegalArgumentException malformed) {
            throw new InvalidConfiguration(String.valueOf(malformed.getMessage()));
        }
    }

    private int run(NodeConfig config) throws StartRefused, IOException, InterruptedException {
        CountDownLatch stopped = new CountDownLatch(1);
        Thread running = Thread.currentThread();
        // Interrupted wherever it is: the node may be waiting for its peers to found a cluster.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            running.interrupt();
            awaitQuietly(stopped);
        }));
        if (isBoundToInput) {
            Thread.ofPlatform().daemon(true).name("input").start(() -> stopAtEndOfInput(running));
        }
        try (Node node = Node.start(config, NodeCommand::tell, NodeCommand::fail);
                ApiServer api = ApiServer.start(config.http(), node)) {
            node.announceApi(api.address());
            tell(config.node() + " runs: folder " + config.folder() + ", peers on " + node.address()
                    + ", API on http://" + api.address());
            if (config.peers().values().stream().allMatch(NodeCommand::isLoopback)) {
                tell("bound to this machine alone: the API needs no credential");
            }
            new CountDownLatch(1).await();
        } finally {
            stopped.countDown();
        }
        return ExitCode.OK;
    }

    private static void stopAtEndOfInput(Thread running) {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException ended) {
            // As good as its end.
        }
        tell("standard input has ended: stopping");
        running.interrupt();
    }

    private static boolean isLoopback(Address address) {
        return address.host().startsWith("127.")
                || address.host().equals("localhost")
                || address.host().equals("::1");
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void tell(String line) {
        System.err.println("lockstep: " + line);
    }

    /// The node can no longer vouch for what it holds: ending at once is the safe thing.
    private static void fail(Throwable cause) {
        System.err.println("lockstep: the node cannot go on: " + cause);
        cause.printStackTrace();
        Runtime.getRuntime().halt(ExitCode.FAILED);
    }
}
