package dev.lockstep.cli;

import tools.jackson.databind.json.JsonMapper;

/// Text inside JSON.
final class Escape {
    private Escape() {}

    /// Without the quotes.
    static String json(String text) {
        String quoted = JsonMapper.shared().writeValueAsString(text);
        return quoted.substring(1, quoted.length() - 1);
    }
}
