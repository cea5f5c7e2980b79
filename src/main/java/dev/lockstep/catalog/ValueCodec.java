package dev.lockstep.catalog;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Place;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The values that commands and stored records have in common, as messages. Field numbers: docs/log-format.md.
/// Readers throw [IOException] or [IllegalArgumentException] for what is no such value.
final class ValueCodec {
    static final int DEPTH_MAX = 2048;
    static final int SYMLINK_BYTES_MAX = 4095;

    private ValueCodec() {}

    static void write(WireWriter out, Revision revision) {
        out.number(1, revision.logIndex());
        out.number(2, revision.position());
    }

    static Revision revision(WireReader in) throws IOException {
        long logIndex = 0;
        int position = 0;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> logIndex = in.number();
                case 2 -> position = in.smallNumber();
                default -> in.skip();
            }
        }
        return new Revision(logIndex, position);
    }

    static void write(WireWriter out, Attributes attributes) {
        out.number(1, attributes.mode());
        out.signed(2, attributes.mtimeNanos());
    }

    static Attributes attributes(WireReader in) throws IOException {
        int mode = 0;
        long mtimeNanos = 0;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> mode = in.smallNumber();
                case 2 -> mtimeNanos = in.signed();
                default -> in.skip();
            }
        }
        return new Attributes(mode, mtimeNanos);
    }

    /// @param carried what the command carries; a file among it is written as its number there
    static void write(WireWriter out, Content content, Carried carried) {
        switch (content) {
            case Content.File file -> out.message(1, inner -> writeFile(inner, file, carried));
            case Content.Directory() -> out.bytes(2, Bytes.EMPTY);
            case Content.Symlink(Bytes target) -> out.bytes(3, target);
        }
    }

    private static void writeFile(WireWriter out, Content.File file, Carried carried) {
        int number = carried.numberOf(file);
        if (number > 0) {
            out.number(3, number);
            return;
        }
        out.bytes(1, file.digest().bytes());
        out.number(2, file.sizeBytes());
    }

    static Content content(WireReader in, Carried carried) throws IOException {
        @Nullable Content content = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> content = file(in.message(), carried);
                case 2 -> {
                    in.skip();
                    content = new Content.Directory();
                }
                case 3 -> content = new Content.Symlink(symlinkTarget(in.bytes()));
                default -> in.skip();
            }
        }
        return required(content);
    }

    private static Content.File file(WireReader in, Carried carried) throws IOException {
        @Nullable Digest digest = null;
        long sizeBytes = 0;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> digest = new Digest(in.bytes());
                case 2 -> sizeBytes = in.number();
                case 3 -> {
                    Content.File file = carried.file(in.smallNumber());
                    digest = file.digest();
                    sizeBytes = file.sizeBytes();
                }
                default -> in.skip();
            }
        }
        return carried.checked(new Content.File(required(digest), sizeBytes));
    }

    private static Bytes symlinkTarget(Bytes target) {
        if (target.size() == 0 || target.size() > SYMLINK_BYTES_MAX) {
            throw new IllegalArgumentException("a link of " + target.size() + " bytes");
        }
        for (int i = 0; i < target.size(); i++) {
            if (target.at(i) == 0) {
                throw new IllegalArgumentException("a link with a zero byte");
            }
        }
        return target;
    }

    static void write(WireWriter out, Place place) {
        requireAtMost(DEPTH_MAX, place.ancestors().size() + 1);
        for (Place.Step step : place.ancestors()) {
            out.message(1, inner -> {
                inner.number(1, step.id().value());
                inner.bytes(2, step.name().bytes());
            });
        }
        out.bytes(2, place.name().bytes());
    }

    static Place place(WireReader in) throws IOException {
        List<Place.Step> ancestors = new ArrayList<>();
        @Nullable Name name = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> {
                    ancestors.add(step(in.message()));
                    requireAtMost(DEPTH_MAX, ancestors.size() + 1);
                }
                case 2 -> name = new Name(in.bytes());
                default -> in.skip();
            }
        }
        return new Place(ancestors, required(name));
    }

    private static Place.Step step(WireReader in) throws IOException {
        EntryId id = EntryId.ROOT;
        @Nullable Name name = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> id = new EntryId(in.number());
                case 2 -> name = new Name(in.bytes());
                default -> in.skip();
            }
        }
        return new Place.Step(id, required(name));
    }

    static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalArgumentException("a field is missing");
        }
        return value;
    }

    static void requireAtMost(int max, int count) {
        if (count > max) {
            throw new IllegalArgumentException("more than " + max + ": " + count);
        }
    }
}
