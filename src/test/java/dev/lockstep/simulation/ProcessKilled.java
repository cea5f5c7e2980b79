package dev.lockstep.simulation;

/// Thrown through a process at the operation it does not live to do. No part of it may catch this.
final class ProcessKilled extends Error {
    private final transient SimulatedProcess process;

    ProcessKilled(SimulatedProcess process) {
        super("killed", null, false, false);
        this.process = process;
    }

    SimulatedProcess process() {
        return process;
    }
}
