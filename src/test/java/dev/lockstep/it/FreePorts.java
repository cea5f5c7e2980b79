package dev.lockstep.it;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;

/// Ports of the loopback address that nobody listens on, taken from below the range from which the kernel
/// gives ports
/// to outgoing connections, so that they are still free a while later.
final class FreePorts {
    private static final int FIRST = 15_000;
    private static final int COUNT = 15_000;

    private final Random random = new Random();
    private final Set<Integer> given = new HashSet<>();

    int next() {
        while (true) {
            int port = FIRST + random.nextInt(COUNT);
            if (given.add(port) && isFree(port)) {
                return port;
            }
        }
    }

    /// The first of so many ports in a row.
    int nextRange(int count) {
        while (true) {
            int first = FIRST + random.nextInt(COUNT - count);
            if (IntStream.range(first, first + count).allMatch(port -> !given.contains(port) && isFree(port))) {
                IntStream.range(first, first + count).forEach(given::add);
                return first;
            }
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
