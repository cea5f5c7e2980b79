package dev.lockstep.materialize;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Revision;
import java.util.Locale;
import java.util.Optional;

/// The name of a file between the folder and the state directory. It says what the file may hold, so that after a
/// kill its bytes can be judged by themselves: those of the revision that was to be placed, those that were to come
/// out, or a local edit.
///
/// @param use      what is done with the file
/// @param entry    whose file it is
/// @param base     the revision that stood in the folder, [Revision#NONE] if none
/// @param expected the print of that revision's content, see [#print]; [#NOTHING] if there was none or any may be
/// @param revision the revision to be placed, [Revision#NONE] if none
/// @param placed   the print of its content; [#NOTHING] if none
/// @param unique   makes the name another one than any given before
public record StagedName(
        Use use, EntryId entry, Revision base, String expected, Revision revision, String placed, Unique unique) {
    public static final String NOTHING = "n";

    private static final int RADIX = Character.MAX_RADIX;
    private static final int PARTS = 7;

    /// What a file between the folder and the state directory is there for.
    public enum Use {
        /// A revision about to be placed, or, once exchanged, what stood in the folder.
        PLACE,
        /// What stood in the folder when its entry was deleted.
        GONE,
        /// A local edit that stands nowhere else, until the cluster has decided about it.
        EDIT
    }

    /// @param incarnation of the node, counted at each start
    /// @param count       rises with every name of one incarnation
    public record Unique(long incarnation, long count) {}

    public static StagedName place(
            EntryId entry, Revision base, String expected, Revision revision, String placed, Unique unique) {
        return new StagedName(Use.PLACE, entry, base, expected, revision, placed, unique);
    }

    public static StagedName gone(EntryId entry, Revision base, String expected, Unique unique) {
        return new StagedName(Use.GONE, entry, base, expected, Revision.NONE, NOTHING, unique);
    }

    public static StagedName edit(EntryId entry, Revision base, Unique unique) {
        return new StagedName(Use.EDIT, entry, base, NOTHING, Revision.NONE, NOTHING, unique);
    }

    /// Tells contents apart: the kind of entry and the digest of its bytes.
    public static String print(Content content) {
        return switch (content) {
            case Content.File(Digest digest, long _) -> "f" + digest;
            case Content.Symlink(Bytes target) -> "s" + Digest.of(target);
            case Content.Directory() -> "d";
        };
    }

    /// At most 225 bytes.
    public Name toName() {
        return Name.of(String.join(
                "-",
                use.name().toLowerCase(Locale.ROOT),
                text(entry.value()),
                text(base),
                expected,
                text(revision),
                placed,
                text(unique.incarnation()) + "." + text(unique.count())));
    }

    private static String text(long number) {
        return Long.toString(number, RADIX);
    }

    private static String text(Revision revision) {
        return text(revision.logIndex()) + "." + text(revision.position());
    }

    /// @return empty if the name is none of these
    public static Optional<StagedName> parse(Name name) {
        String[] parts = name.bytes().toUtf8().split("-", -1);
        if (parts.length != PARTS) {
            return Optional.empty();
        }
        try {
            int dot = parts[6].indexOf('.');
            Unique unique = new Unique(
                    Long.parseLong(parts[6].substring(0, Math.max(0, dot)), RADIX),
                    Long.parseLong(parts[6].substring(dot + 1), RADIX));
            return Optional.of(new StagedName(
                    Use.valueOf(parts[0].toUpperCase(Locale.ROOT)),
                    new EntryId(Long.parseLong(parts[1], RADIX)),
                    revision(parts[2]),
                    parts[3],
                    revision(parts[4]),
                    parts[5],
                    unique));
        } catch (IllegalArgumentException foreign) {
            return Optional.empty();
        }
    }

    private static Revision revision(String text) {
        int dot = text.indexOf('.');
        return new Revision(
                Long.parseLong(text.substring(0, Math.max(0, dot)), RADIX),
                Integer.parseInt(text.substring(dot + 1), RADIX));
    }
}
