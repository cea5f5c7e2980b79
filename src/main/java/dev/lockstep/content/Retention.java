package dev.lockstep.content;

import java.time.Duration;

/// How much history a node keeps. What is beyond any of the three goes, the oldest first.
///
/// @param age      since the content was displaced
/// @param bytesMax of all contents together
/// @param countMax number of contents
public record Retention(Duration age, long bytesMax, long countMax) {
    public static final Retention DEFAULT = new Retention(Duration.ofDays(30), 10L << 30, 100_000);
}
