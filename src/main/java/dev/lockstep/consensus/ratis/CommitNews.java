package dev.lockstep.consensus.ratis;

import java.util.Collection;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.apache.ratis.server.leader.LogAppender;

/// Tells the followers at once how far the log is committed. Ratis tells them with the next entry, or with a
/// heartbeat up to a
/// quarter of a second later; with its own remedy, an entry of the log for every commit, each commit costs
/// another fsync.
///
/// A heartbeat that is asked for while another request is being sent is forgotten by Ratis: it is asked for
/// until the follower
/// has said that it knows. Thread-safe.
final class CommitNews implements AutoCloseable {
    private static final long REPEAT_NANOS = 700_000;
    /// A follower silent for longer learns by Ratis' own heartbeats when it is back.
    private static final long SILENT_MILLIS_MAX = 1_000;

    private final Collection<LogAppender> appenders = new ConcurrentLinkedQueue<>();
    private final Thread teller;
    private volatile long committedIndex = -1;
    private volatile boolean isClosed;

    CommitNews() {
        teller = Thread.ofPlatform().daemon(true).name("commit-news").start(this::run);
    }

    void add(LogAppender appender) {
        appenders.add(appender);
    }

    /// Everything up to `logIndex` is committed. Called by the applying thread.
    void committed(long logIndex) {
        committedIndex = logIndex;
        if (!appenders.isEmpty()) {
            LockSupport.unpark(teller);
        }
    }

    private void run() {
        while (!isClosed) {
            appenders.removeIf(appender -> !appender.isRunning());
            boolean isAnyBehind = false;
            for (LogAppender appender : appenders) {
                if (isBehind(appender)) {
                    isAnyBehind = true;
                    // Before it holds the entry, there is nothing that it could apply.
                    if (appender.getFollower().getMatchIndex() >= committedIndex) {
                        appender.triggerHeartbeat();
                    }
                }
            }
            if (isAnyBehind) {
                LockSupport.parkNanos(this, REPEAT_NANOS);
            } else {
                LockSupport.park(this);
            }
        }
    }

    private boolean isBehind(LogAppender appender) {
        var follower = appender.getFollower();
        return follower.getCommitIndex() < committedIndex
                && follower.getLastRpcResponseTime().elapsedTimeMs() < SILENT_MILLIS_MAX;
    }

    @Override
    public void close() {
        isClosed = true;
        LockSupport.unpark(teller);
    }
}
