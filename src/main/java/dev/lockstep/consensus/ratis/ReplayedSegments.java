package dev.lockstep.consensus.ratis;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.ratis.server.raftlog.RaftLog;
import org.jspecify.annotations.Nullable;

/// The segments of the log that were closed before this start. To apply one of their entries Ratis reads the whole
/// segment into memory, and drops none of them before it has closed a segment of this run: replaying a long log would
/// fill the heap. So what has been applied of them is dropped from here.
///
/// Ratis has no public call for that; its own one is looked up by name, as it is in the version the build names.
/// Owned by the thread that applies.
final class ReplayedSegments {
    private static final Pattern CLOSED = Pattern.compile("log_\\d+-(\\d+)");
    private static final long DROPPED_EACH_BYTES = 4 << 20;

    private final Object cache;
    private final Method evict;
    private final long lastIndex;
    private long bytes;
    private boolean isPassed;

    private ReplayedSegments(Object cache, Method evict, long lastIndex) {
        this.cache = cache;
        this.evict = evict;
        this.lastIndex = lastIndex;
    }

    /// @param current the directory of a group's log, not in use; need not exist
    /// @return the last index in a closed segment, -1 if there is none
    static long lastIndex(Path current) throws IOException {
        if (!Files.isDirectory(current)) {
            return -1;
        }
        try (Stream<Path> files = Files.list(current)) {
            return files.map(file -> CLOSED.matcher(file.getFileName().toString()))
                    .filter(Matcher::matches)
                    .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
                    .max()
                    .orElse(-1);
        }
    }

    static ReplayedSegments of(RaftLog log, long lastIndex) {
        try {
            Object cache = method(log.getClass(), "getRaftLogCache").invoke(log);
            Method evict = method(cache.getClass(), "evictCache", long[].class, long.class, long.class);
            return new ReplayedSegments(cache, evict, lastIndex);
        } catch (ReflectiveOperationException another) {
            throw new IllegalStateException("another version of Ratis than this was written for", another);
        }
    }

    private static Method method(Class<?> type, String name, Class<?>... parameters) throws NoSuchMethodException {
        Method method = type.getDeclaredMethod(name, parameters);
        method.setAccessible(true);
        return method;
    }

    /// @param sizeBytes of the entry that was applied
    void applied(long index, int sizeBytes) {
        if (isPassed) {
            return;
        }
        bytes += sizeBytes;
        isPassed = index > lastIndex;
        if (isPassed || bytes >= DROPPED_EACH_BYTES) {
            bytes = 0;
            drop(index);
        }
    }

    private void drop(long appliedIndex) {
        long @Nullable [] noFollowers = null;
        try {
            evict.invoke(cache, noFollowers, lastIndex, appliedIndex);
        } catch (IllegalAccessException | InvocationTargetException failed) {
            throw new IllegalStateException("applied segments of the log cannot be dropped from memory", failed);
        }
    }
}
