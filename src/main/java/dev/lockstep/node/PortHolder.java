package dev.lockstep.node;

import dev.lockstep.model.Address;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/// Names the program that listens on a TCP port of this machine.
public final class PortHolder {
    private static final String LISTENING = "0A";

    private final Machine machine;

    public PortHolder(Machine machine) {
        this.machine = machine;
    }

    /// Tries to listen on the address for a moment.
    ///
    /// @param purpose such as `HTTP`, for the message
    /// @throws StartRefused if the port is in use or the address is not of this machine; names port and holder
    public void requireFree(String purpose, Address address) throws StartRefused {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(address.host(), address.port()));
        } catch (IOException taken) {
            throw new StartRefused(inUse(purpose, address, taken));
        }
    }

    /// The line for the administrator when an address could not be listened on.
    public String inUse(String purpose, Address address, IOException failure) {
        Set<String> sockets = sockets(address.port());
        String which = purpose + " port " + address.port() + " (" + address + ")";
        if (sockets.isEmpty()) {
            return "cannot listen on " + which + ": " + failure.getMessage() + "; choose another";
        }
        String who = holder(sockets).map(machine::program).orElse("a program of another user");
        return which + " is in use by " + who + "; end that program or choose another port";
    }

    /// @return the process that listens on the port; empty if none does or it belongs to another user
    public Optional<Long> pid(int port) {
        return holder(sockets(port));
    }

    private Set<String> sockets(int port) {
        Set<String> sockets = new HashSet<>();
        String suffix = ":" + "%04X".formatted(port);
        for (String table : new String[] {"net/tcp", "net/tcp6"}) {
            try (var lines = Files.lines(machine.proc().resolve(table))) {
                lines.map(line -> line.trim().split("\\s+"))
                        .filter(words -> words.length > 9
                                && words[1].toUpperCase(Locale.ROOT).endsWith(suffix)
                                && words[3].equals(LISTENING))
                        .forEach(words -> sockets.add("socket:[" + words[9] + "]"));
            } catch (IOException unknown) {
                // Only the message becomes poorer.
            }
        }
        return sockets;
    }

    private Optional<Long> holder(Set<String> sockets) {
        if (sockets.isEmpty()) {
            return Optional.empty();
        }
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(machine.proc(), "[0-9]*")) {
            for (Path process : processes) {
                if (holds(process.resolve("fd"), sockets)) {
                    return Optional.of(Long.valueOf(process.getFileName().toString()));
                }
            }
        } catch (IOException unknown) {
            return Optional.empty();
        }
        return Optional.empty();
    }

    private static boolean holds(Path descriptors, Set<String> sockets) {
        try (DirectoryStream<Path> links = Files.newDirectoryStream(descriptors)) {
            for (Path link : links) {
                if (Files.isSymbolicLink(link) && sockets.contains(target(link))) {
                    return true;
                }
            }
        } catch (IOException foreign) {
            // A process of another user, or one that just ended.
            return false;
        }
        return false;
    }

    private static String target(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException closed) {
            return "";
        }
    }
}
