package dev.lockstep.model;

import java.util.regex.Pattern;

/// Where a node or its API listens.
///
/// @param host a host name or literal address, without brackets
/// @param port 0 to 65535; 0 asks the system for a free one
public record Address(String host, int port) {
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:%-]+");

    /// @throws IllegalArgumentException if the host is empty or cannot be one, or the port is out of range
    public Address {
        if (!HOST.matcher(host).matches() || port < 0 || port > 65535) {
            throw new IllegalArgumentException("not an address (host:port): " + host + ":" + port);
        }
    }

    /// Parses `host:port`, or `[v6]:port`.
    ///
    /// @throws IllegalArgumentException if the text has another form
    public static Address parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon <= 0 || !text.substring(colon + 1).matches("\\d{1,5}")) {
            throw new IllegalArgumentException("not an address (host:port): " + text);
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        return new Address(host, Integer.parseInt(text.substring(colon + 1)));
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
