package dev.lockstep.api;

import dev.lockstep.model.Revision;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Revisions as entity tags, and the conditions of RFC 9110 upon them.
final class ETags {
    private ETags() {}

    static String of(Revision revision) {
        return "\"" + revision + "\"";
    }

    /// @param header `If-Match`, null without one
    /// @return whether a current revision, empty if nothing is there, fulfils it
    static Predicate<Optional<Revision>> ifMatch(@Nullable String header) {
        if (header == null) {
            return current -> true;
        }
        return current -> current.isPresent() && isListed(header, current.get());
    }

    /// @param header `If-None-Match`, null without one
    static boolean isKnown(@Nullable String header, Revision revision) {
        return header != null && isListed(header, revision);
    }

    private static boolean isListed(String header, Revision revision) {
        return header.strip().equals("*")
                || Arrays.stream(header.split(",", -1))
                        .anyMatch(tag -> tag.strip().equals(of(revision)));
    }
}
