package dev.lockstep.api;

import dev.lockstep.node.NodeStatus;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A status as Prometheus text. No label holds a path.
final class MetricsText {
    private MetricsText() {}

    static String of(NodeStatus status) throws IOException {
        List<MetricSnapshot> all = new ArrayList<>(log(status));
        all.addAll(folder(status));
        all.add(lag(status));
        MetricSnapshots snapshots = new MetricSnapshots(all);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(out, snapshots);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static List<MetricSnapshot> log(NodeStatus status) {
        return List.of(
                flag("lockstep_leader", "1 while this node leads", status.role().equals("leader")),
                flag("lockstep_quorum", "1 while this node sees a quorum", status.hasQuorum()),
                gauge("lockstep_term", "Leadership number", status.term()),
                gauge("lockstep_commit_index", "Last agreed log index", status.commitIndex()),
                gauge("lockstep_applied_index", "Last log index in the catalog", status.appliedIndex()),
                gauge("lockstep_placed_index", "Last log index in the folder", status.placedIndex()),
                gauge("lockstep_snapshot_index", "Last log index in a snapshot", status.snapshotIndex()));
    }

    private static List<MetricSnapshot> folder(NodeStatus status) {
        return List.of(
                flag("lockstep_in_sync", "1 while folder and catalog agree", status.inSync()),
                gauge("lockstep_entries", "Entries in the folder", status.entries()),
                gauge("lockstep_pending_changes", "Local changes not committed yet", status.pending()),
                gauge("lockstep_entries_to_place", "Entries of the catalog not placed yet", status.toPlace()),
                gauge(
                        "lockstep_unplaceable_entries",
                        "Entries that cannot be placed",
                        status.unplaceable().size()),
                gauge(
                        "lockstep_unreadable_entries",
                        "Entries that cannot be read",
                        status.unreadable().size()),
                gauge(
                        "lockstep_unsupported_entries",
                        "Entries of a kind that is not replicated",
                        status.unsupported().size()),
                gauge("lockstep_conflict_copies", "Conflict copies in the catalog", status.conflicts()),
                flag("lockstep_deletions_halted", "1 while no deletion is proposed", status.deletionsHalted() != null),
                flag(
                        "lockstep_watch_degraded",
                        "1 while events are missed",
                        !status.watch().equals("ok")),
                gauge("lockstep_watched_directories", "Directories with a watch", status.watchedDirectories()),
                gauge("lockstep_free_bytes", "Bytes free on the folder's file system", status.freeBytes()));
    }

    private static MetricSnapshot lag(NodeStatus status) {
        GaugeSnapshot.Builder lag = GaugeSnapshot.builder()
                .name("lockstep_peer_lag")
                .help("Commits that a peer does not hold yet; told by the leader only");
        status.peers().stream()
                .filter(peer -> peer.lag() >= 0)
                .forEach(peer -> lag.dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                        .labels(Labels.of("peer", peer.node()))
                        .value((double) peer.lag())
                        .build()));
        return lag.build();
    }

    private static GaugeSnapshot flag(String name, String help, boolean isSet) {
        return gauge(name, help, isSet ? 1 : 0);
    }

    private static GaugeSnapshot gauge(String name, String help, long value) {
        return GaugeSnapshot.builder()
                .name(name)
                .help(help)
                .dataPoint(GaugeSnapshot.GaugeDataPointSnapshot.builder()
                        .value((double) value)
                        .build())
                .build();
    }
}
