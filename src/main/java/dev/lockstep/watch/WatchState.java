package dev.lockstep.watch;

import org.jspecify.annotations.Nullable;

/// Whether the watch hears everything.
///
/// @param directories watched now
/// @param degraded    why changes may only be found by rescans, null if all are heard
public record WatchState(int directories, @Nullable String degraded) {
    public boolean isOk() {
        return degraded == null;
    }
}
