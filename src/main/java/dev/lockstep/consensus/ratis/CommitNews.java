package dev.lockstep.consensus.ratis;

import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.ratis.server.leader.LogAppender;

/// Tells the followers at once how far the log is committed. Ratis tells them with the next entry, or with a
/// heartbeat up to a
/// quarter of a second later; with its own remedy, an entry of the log for every commit, each commit costs
/// another fsync.
/// Thread-safe.
final class CommitNews {
    private final Collection<LogAppender> appenders = new ConcurrentLinkedQueue<>();

    void add(LogAppender appender) {
        appenders.add(appender);
    }

    void committed() {
        appenders.removeIf(appender -> !appender.isRunning());
        appenders.forEach(LogAppender::triggerHeartbeat);
    }
}
