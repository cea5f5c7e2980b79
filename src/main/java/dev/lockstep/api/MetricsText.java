package dev.lockstep.api;

import dev.lockstep.node.NodeStatus;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/// A status as Prometheus text. No label holds a path.
final class MetricsText {
    private MetricsText() {}

    static String of(NodeStatus status) throws IOException {
        MetricSnapshots snapshots = MetricSnapshots.of(
                gauge(
                        "lockstep_leader",
                        "1 while this node leads",
                        status.role().equals("leader") ? 1 : 0),
                gauge("lockstep_quorum", "1 while this node sees a quorum", status.hasQuorum() ? 1 : 0),
                gauge("lockstep_in_sync", "1 while folder and catalog agree", status.inSync() ? 1 : 0),
                gauge("lockstep_term", "Leadership number", status.term()),
                gauge("lockstep_commit_index", "Last agreed log index", status.commitIndex()),
                gauge("lockstep_applied_index", "Last log index in the catalog", status.appliedIndex()),
                gauge("lockstep_placed_index", "Last log index in the folder", status.placedIndex()),
                gauge("lockstep_pending_changes", "Local changes not committed yet", status.pending()),
                gauge("lockstep_entries_to_place", "Entries of the catalog not placed yet", status.toPlace()),
                gauge(
                        "lockstep_unplaceable_entries",
                        "Entries that cannot be placed",
                        status.unplaceable().size()),
                gauge("lockstep_conflict_copies", "Conflict copies in the catalog", status.conflicts()),
                gauge("lockstep_entries", "Entries in the folder", status.entries()),
                gauge(
                        "lockstep_watch_degraded",
                        "1 while events are missed",
                        status.watch().equals("ok") ? 0 : 1));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.create().write(out, snapshots);
        return out.toString(StandardCharsets.UTF_8);
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
