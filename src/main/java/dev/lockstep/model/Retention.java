package dev.lockstep.model;

import java.time.Duration;

/// How much historic content a node keeps. What is beyond any of the three goes, the oldest first.
///
/// @param age      since the content was displaced
/// @param bytesMax of all contents together
/// @param countMax number of contents
public record Retention(Duration age, long bytesMax, long countMax) {
    public static final Retention DEFAULT = new Retention(Duration.ofDays(30), 10L << 30, 100_000);

    public Retention {
        if (age.isNegative() || bytesMax < 0 || countMax < 0) {
            throw new IllegalArgumentException("history cannot be kept for less than nothing");
        }
    }
}
