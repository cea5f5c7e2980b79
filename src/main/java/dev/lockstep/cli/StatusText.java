package dev.lockstep.cli;

import dev.lockstep.model.Address;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// The statuses of some nodes as a table for people, and under it what is in the way, by node.
final class StatusText {
    private static final int PATHS_SHOWN = 10;
    private static final List<String> HEAD = List.of(
            "NODE",
            "ROLE",
            "COMMITTED",
            "APPLIED",
            "PLACED",
            "BEHIND",
            "PENDING",
            "ENTRIES",
            "CONFLICTS",
            "IN SYNC",
            "API");

    private StatusText() {}

    /// What a node said of itself, and where.
    record Told(Address api, JsonNode status) {}

    /// @param told    by node id
    /// @param members the addresses of all members by node id
    static String of(Map<String, Told> told, Map<String, String> members) {
        List<List<String>> rows = new ArrayList<>(List.of(HEAD));
        told.forEach((node, one) -> rows.add(row(node, one)));
        members.forEach((node, address) -> {
            if (!told.containsKey(node)) {
                rows.add(List.of(node, silent(node, told)));
            }
        });
        StringBuilder text = new StringBuilder(headline(told)).append(table(rows));
        told.forEach((node, one) -> appendTroubles(text, node, one.status()));
        return text.toString();
    }

    private static String headline(Map<String, Told> told) {
        for (Told one : told.values()) {
            JsonNode status = one.status();
            if (status.path("hasQuorum").asBoolean() && !status.path("leader").isNull()) {
                return "leader " + status.path("leader").asString() + ", term " + status.path("term") + "\n";
            }
        }
        return "no leader: no majority of the nodes is running or connected; changes wait and go on by themselves\n";
    }

    private static List<String> row(String node, Told one) {
        JsonNode status = one.status();
        long behind = Math.max(
                0,
                status.path("commitIndex").asLong() - status.path("placedIndex").asLong());
        return List.of(
                node,
                status.path("role").asString(),
                status.path("commitIndex").toString(),
                status.path("appliedIndex").toString(),
                status.path("placedIndex").toString(),
                Long.toString(behind),
                status.path("pending").toString(),
                status.path("entries").toString(),
                status.path("conflicts").toString(),
                status.path("inSync").asBoolean() ? "yes" : "no",
                one.api().toString());
    }

    /// What the leader knows of a member that was not asked.
    private static String silent(String node, Map<String, Told> told) {
        for (Told one : told.values()) {
            for (JsonNode peer : one.status().path("peers")) {
                if (peer.path("node").asString().equals(node)
                        && peer.path("lag").asLong() >= 0) {
                    return "no answer; the leader heard it " + peer.path("silentMillis") + " ms ago, it lacks "
                            + peer.path("lag") + " commits";
                }
            }
        }
        return "no answer";
    }

    private static String table(List<List<String>> rows) {
        int[] widths = new int[HEAD.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < row.size() && row.size() == HEAD.size(); i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.size(); i++) {
                boolean isNumber = i >= 2 && i <= 8;
                line.append(String.format((isNumber ? "%" : "%-") + Math.max(1, widths[i]) + "s  ", row.get(i)));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    private static void appendTroubles(StringBuilder text, String node, JsonNode status) {
        if (!status.path("watch").asString().equals("ok")) {
            line(text, node, "watch degraded", status.path("watchReason").asString());
        }
        if (!status.path("deletionsHalted").isNull()) {
            line(text, node, "deletions halted", status.path("deletionsHalted").asString());
        }
        List<String> pending = new ArrayList<>();
        status.path("pendingPaths").forEach(path -> pending.add(path.asString()));
        appendLines(text, node, "pending", pending, status.path("pending").asInt());
        if (status.path("toPlace").asInt() > 0) {
            line(text, node, "to place", status.path("toPlace") + " entries");
        }
        problems(text, node, "cannot be placed", status.path("unplaceable"));
        problems(text, node, "cannot be read", status.path("unreadable"));
        problems(text, node, "not supported", status.path("unsupported"));
    }

    private static void problems(StringBuilder text, String node, String what, JsonNode problems) {
        List<String> lines = new ArrayList<>();
        for (JsonNode problem : problems) {
            lines.add(problem.path("path").asString() + ": "
                    + problem.path("reason").asString());
        }
        appendLines(text, node, what, lines, lines.size());
    }

    private static void appendLines(StringBuilder text, String node, String what, List<String> lines, int count) {
        lines.stream().limit(PATHS_SHOWN).forEach(line -> line(text, node, what, line));
        int shown = Math.min(PATHS_SHOWN, lines.size());
        if (count > shown) {
            line(text, node, what, (shown == 0 ? "" : "and ") + (count - shown) + (shown == 0 ? " changes" : " more"));
        }
    }

    private static void line(StringBuilder text, String node, String what, String value) {
        text.append(node).append(' ').append(what).append(": ").append(value).append('\n');
    }
}
