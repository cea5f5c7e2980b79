package dev.lockstep.node;

import dev.lockstep.model.Address;

/// Whether a port is free, and who has it if not.
public final class PortCheck {
    private PortCheck() {}

    /// @throws StartRefused naming port and holder
    public static void requireFree(String purpose, Address address) throws StartRefused {
        new PortHolder(Machine.real()).requireFree(purpose, address);
    }
}
