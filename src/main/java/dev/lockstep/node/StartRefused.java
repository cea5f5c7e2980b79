package dev.lockstep.node;

/// The node must not start. The message is one line for the administrator: what is wrong and the way out.
public class StartRefused extends Exception {
    public StartRefused(String line) {
        super(line);
    }
}
