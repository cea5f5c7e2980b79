package dev.lockstep.node;

/// The administrator asked for something that cannot be: one line that names it and the way out.
public final class InvalidConfiguration extends StartRefused {
    public InvalidConfiguration(String line) {
        super(line);
    }
}
