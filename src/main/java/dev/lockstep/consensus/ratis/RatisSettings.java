package dev.lockstep.consensus.ratis;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.RaftConfigKeys;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;

/// How Ratis is tuned, and why.
final class RatisSettings {
    /// The log is cut by no less than that: each cut looks at every file of it.
    private static final long PURGE_GAP_ENTRIES = 1024;

    private RatisSettings() {}

    static RaftProperties of(RatisConfig config) {
        RaftProperties properties = new RaftProperties();
        network(properties, config);
        elections(properties);
        log(properties, config);
        snapshots(properties, config);
        RaftServerConfigKeys.Read.setOption(properties, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
        return properties;
    }

    private static void network(RaftProperties properties, RatisConfig config) {
        RaftConfigKeys.Rpc.setType(properties, new TellingRpcType());
        GrpcConfigKeys.Server.setHost(properties, config.self().address().host());
        GrpcConfigKeys.Server.setPort(properties, config.self().address().port());
        GrpcConfigKeys.setMessageSizeMax(properties, SizeInBytes.valueOf("8MB"));
        GrpcConfigKeys.setFlowControlWindow(properties, SizeInBytes.valueOf("4MB"));
        // The default pools grow with the cores of large servers; these threads mostly wait.
        RaftServerConfigKeys.ThreadPool.setClientSize(properties, 4);
        RaftServerConfigKeys.ThreadPool.setServerSize(properties, 4);
        GrpcConfigKeys.Server.setAsyncRequestThreadPoolSize(properties, 8);
    }

    private static void elections(RaftProperties properties) {
        // Shorter ones lose leadership under load on small machines.
        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(500));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, millis(1000));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, millis(300));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, millis(600));
        RaftServerConfigKeys.Rpc.setRequestTimeout(properties, millis(2000));
        RaftServerConfigKeys.Rpc.setSlownessTimeout(properties, TimeDuration.valueOf(30, TimeUnit.DAYS));
    }

    private static void log(RaftProperties properties, RatisConfig config) {
        Path directory = config.directory();
        RaftServerConfigKeys.setStorageDir(properties, List.of(directory.toFile()));
        // An entry of its own, with an fsync of its own, for every commit: the commit index is learnt again at start.
        RaftServerConfigKeys.Log.setLogMetadataEnabled(properties, false);
        RaftServerConfigKeys.Log.setCorruptionPolicy(properties, RaftServerConfigKeys.Log.CorruptionPolicy.EXCEPTION);
        RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf(config.segmentBytesMax()));
        RaftServerConfigKeys.Log.setPreallocatedSize(
                properties, SizeInBytes.valueOf(Math.min(4 << 20, config.segmentBytesMax())));
        RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, 2);
        RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf("8MB"));
        RaftServerConfigKeys.Log.setWriteBufferSize(properties, SizeInBytes.valueOf("2MB"));
        RaftServerConfigKeys.Log.setQueueElementLimit(properties, 4096);
        RaftServerConfigKeys.Log.setQueueByteLimit(properties, SizeInBytes.valueOf("8MB"));
        RaftServerConfigKeys.Write.setElementLimit(properties, 1024);
        RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf("8MB"));
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, SizeInBytes.valueOf("1MB"));
        RaftServerConfigKeys.Log.Appender.setWaitTimeMin(properties, millis(1));
    }

    private static void snapshots(RaftProperties properties, RatisConfig config) {
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, true);
        RaftServerConfigKeys.Snapshot.setAutoTriggerThreshold(properties, config.snapshotTriggerEntries());
        RaftServerConfigKeys.Snapshot.setTriggerWhenStopEnabled(properties, false);
        RaftServerConfigKeys.Snapshot.setRetentionFileNum(properties, 2);
        // A dead node must not keep the log of the living ones from being cut: it gets a snapshot when it is back.
        RaftServerConfigKeys.Log.setPurgeUptoSnapshotIndex(properties, true);
        RaftServerConfigKeys.Log.setPurgePreservationLogNum(properties, config.purgePreservedEntries());
        RaftServerConfigKeys.Log.setPurgeGap(
                properties, (int) Math.min(PURGE_GAP_ENTRIES, config.snapshotTriggerEntries()));
    }

    private static TimeDuration millis(long millis) {
        return TimeDuration.valueOf(millis, TimeUnit.MILLISECONDS);
    }
}
