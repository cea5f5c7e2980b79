package dev.lockstep.api;

import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import dev.lockstep.node.FolderHistory;
import dev.lockstep.node.Listing;
import dev.lockstep.node.Looked;
import dev.lockstep.node.OpenRevision;
import dev.lockstep.node.PathHistory;
import dev.lockstep.node.Restorer;
import dev.lockstep.node.Restoring;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The resources with a path of the folder in them: contents, listings, histories, and bringing revisions back.
/// Reads are linearizable unless `?consistency=local` is said; both tell their log index.
final class HistoryResources {
    static final String FILES = "/v1/files";
    static final String LIST = "/v1/list";
    static final String HISTORY = "/v1/history";
    static final String RESTORE = "/v1/restore";

    private static final String INDEX = "Lockstep-Index";
    private static final String KIND = "Lockstep-Kind";

    private final FolderHistory history;
    private final Restorer restorer;
    private final Answers answers;

    HistoryResources(FolderHistory history, Restorer restorer, Answers answers) {
        this.history = history;
        this.restorer = restorer;
        this.answers = answers;
    }

    /// @param uri as the client sent it
    /// @return the path in it, null if it is not `resource` or below
    static @Nullable RelativePath path(String uri, String resource) {
        if (uri.equals(resource)) {
            return RelativePath.ROOT;
        }
        return uri.startsWith(resource + "/") ? PathParameter.decode(uri.substring(resource.length() + 1)) : null;
    }

    /// @return whether the request was for one of these
    boolean get(HttpServletRequest request, HttpServletResponse response) throws IOException, InterruptedException {
        String uri = request.getRequestURI();
        RelativePath file = path(uri, FILES);
        RelativePath list = path(uri, LIST);
        RelativePath past = path(uri, HISTORY);
        if (file != null) {
            file(file, request, response);
        } else if (list != null) {
            list(list, request, response);
        } else if (past != null) {
            log(past, request, response);
        }
        return file != null || list != null || past != null;
    }

    private static boolean isLocal(HttpServletRequest request) {
        String consistency = request.getParameter("consistency");
        if (consistency != null && !consistency.equals("local") && !consistency.equals("linearizable")) {
            throw new IllegalArgumentException("consistency is 'linearizable' (the default) or 'local'");
        }
        return "local".equals(consistency);
    }

    private static Optional<Revision> revision(HttpServletRequest request) {
        return Optional.ofNullable(request.getParameter("revision")).map(Revision::parse);
    }

    /// Answers everything but what was found.
    private <T> Looked.@Nullable Found<T> found(Looked<T> looked, HttpServletResponse response) throws IOException {
        switch (looked) {
            case Looked.Found<T> found -> {
                response.setHeader(INDEX, Long.toString(found.index()));
                return found;
            }
            case Looked.Missing<T>(String reason) -> answers.error(response, HttpServletResponse.SC_NOT_FOUND, reason);
            case Looked.Gone<T>(String reason) -> answers.error(response, HttpServletResponse.SC_GONE, reason);
            case Looked.Unfit<T>(String reason) -> answers.error(response, HttpServletResponse.SC_CONFLICT, reason);
            case Looked.NoQuorum<T>() ->
                answers.error(
                        response,
                        HttpServletResponse.SC_SERVICE_UNAVAILABLE,
                        "no quorum; ?consistency=local tells what this node knows");
        }
        return null;
    }

    private void file(RelativePath path, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        var found = found(history.open(path, revision(request), isLocal(request)), response);
        if (found == null) {
            return;
        }
        try (OpenRevision open = found.value()) {
            response.setHeader("ETag", ETags.of(open.revision()));
            response.setHeader(KIND, open.isSymlink() ? "symlink" : "file");
            if (ETags.isKnown(request.getHeader("If-None-Match"), open.revision())) {
                response.setStatus(HttpServletResponse.SC_NOT_MODIFIED);
                return;
            }
            response.setStatus(HttpServletResponse.SC_OK);
            response.setContentType("application/octet-stream");
            response.setContentLengthLong(open.sizeBytes());
            if (!request.getMethod().equals("HEAD")) {
                open.writeTo(response.getOutputStream());
            }
        }
    }

    private void list(RelativePath path, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        boolean withDeleted = Boolean.parseBoolean(request.getParameter("deleted"));
        Looked.Found<Listing> found = found(history.list(path, withDeleted, isLocal(request)), response);
        if (found != null) {
            answers.json(response, HttpServletResponse.SC_OK, found.value());
        }
    }

    private void log(RelativePath path, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        Looked.Found<PathHistory> found = found(history.log(path, isLocal(request), limit(request)), response);
        if (found != null) {
            answers.json(response, HttpServletResponse.SC_OK, found.value());
        }
    }

    private static int limit(HttpServletRequest request) {
        String limit = request.getParameter("limit");
        return limit == null ? FolderHistory.LINES_MAX : Math.clamp(Long.parseLong(limit), 1, FolderHistory.LINES_MAX);
    }

    void restore(RelativePath path, Duration timeout, HttpServletRequest request, HttpServletResponse response)
            throws IOException, InterruptedException {
        var expected = ETags.ifMatch(request.getHeader("If-Match"));
        switch (restorer.restore(path, revision(request), expected, timeout)) {
            case Restoring.Restored(Revision now, Revision from) -> {
                response.setHeader("ETag", ETags.of(now));
                Map<String, String> shown = new LinkedHashMap<>();
                shown.put("path", path.toString());
                shown.put("revision", now.toString());
                shown.put("restored", from.toString());
                answers.json(response, HttpServletResponse.SC_OK, shown);
            }
            case Restoring.Stale(Optional<Revision> current) ->
                answers.error(
                        response,
                        HttpServletResponse.SC_PRECONDITION_FAILED,
                        current.map(revision -> path + " has revision " + revision + " now")
                                .orElse("nothing stands at " + path + " now"));
            case Restoring.Copied(String copy) ->
                answers.error(
                        response,
                        HttpServletResponse.SC_CONFLICT,
                        path + " was changed at the same moment and keeps that; the old revision stands at " + copy);
            case Restoring.Missing(String reason) -> answers.error(response, HttpServletResponse.SC_NOT_FOUND, reason);
            case Restoring.Gone(String reason) -> answers.error(response, HttpServletResponse.SC_GONE, reason);
            case Restoring.Refused(String reason) -> answers.error(response, HttpServletResponse.SC_CONFLICT, reason);
            case Restoring.NotInTime(boolean mayHappen) ->
                answers.error(
                        response,
                        HttpServletResponse.SC_SERVICE_UNAVAILABLE,
                        mayHappen ? "not decided in time; it may still take effect" : "no quorum; nothing was done");
        }
    }
}
