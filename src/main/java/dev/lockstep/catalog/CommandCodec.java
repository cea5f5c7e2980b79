package dev.lockstep.catalog;

import static dev.lockstep.catalog.ValueCodec.requireAtMost;
import static dev.lockstep.catalog.ValueCodec.required;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Place;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.Revision;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Commands as bytes of the log, in the protobuf wire format; docs/log-format.md has the field numbers.
///
/// What goes in comes out again, except that contents come once each and files they belong to take their
/// size. All bounds are checked on the way in and on the way out.
public final class CommandCodec {
    /// Largest command, bytes.
    public static final int COMMAND_BYTES_MAX = 4 << 20;
    /// Most entries that one move gives new places.
    public static final int RELOCATIONS_MAX = 256;
    /// Most names in a place.
    public static final int DEPTH_MAX = ValueCodec.DEPTH_MAX;

    static final int FORMAT = 1;

    /// How every command begins, in every format there will ever be: field 1, a varint; then the format, in
    /// one byte.
    private static final byte HEAD = 1 << 3;

    private CommandCodec() {}

    /// @throws IllegalArgumentException if the command is beyond the bounds
    public static Bytes encode(Command command) {
        Bytes bytes = WireWriter.message(out -> {
            out.number(1, FORMAT);
            switch (command) {
                case Command.Propose(Proposal proposal) -> out.message(2, inner -> write(inner, proposal));
                case Command.PermitReplacement(NodeId node, StoreId old) ->
                    out.message(3, inner -> {
                        inner.text(1, node.value());
                        inner.text(2, old.value());
                    });
            }
        });
        requireAtMost(COMMAND_BYTES_MAX, bytes.size());
        return bytes;
    }

    /// The format that the bytes claim, 1 to 127; 0 for bytes that are no command of any format.
    static int formatOf(Bytes bytes) {
        return bytes.size() >= 2 && bytes.at(0) == HEAD ? Math.max(0, bytes.at(1)) : 0;
    }

    /// Whether this version can tell what the bytes ask for, though they may turn out to be garbage.
    public static boolean isOfKnownFormat(Bytes bytes) {
        return formatOf(bytes) == FORMAT;
    }

    /// @return empty for bytes that are no command within the bounds, or one of another format
    public static Optional<Command> decode(Bytes bytes) {
        return read(bytes).map(Decoded::command);
    }

    /// A command with the digests of what it carries.
    record Decoded(Command command, Map<Digest, Bytes> contents) {}

    static Optional<Decoded> read(Bytes bytes) {
        if (bytes.size() > COMMAND_BYTES_MAX || !isOfKnownFormat(bytes)) {
            return Optional.empty();
        }
        try {
            return Optional.of(command(new WireReader(bytes)));
        } catch (IOException | IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    private static Decoded command(WireReader in) throws IOException {
        @Nullable Decoded decoded = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 2 -> decoded = proposal(in.message());
                case 3 -> decoded = new Decoded(permit(in.message()), Map.of());
                default -> in.skip();
            }
        }
        return required(decoded);
    }

    private static Command permit(WireReader in) throws IOException {
        @Nullable NodeId node = null;
        @Nullable StoreId old = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> node = new NodeId(in.text());
                case 2 -> old = new StoreId(in.text());
                default -> in.skip();
            }
        }
        return new Command.PermitReplacement(required(node), required(old));
    }

    private static void write(WireWriter out, Proposal proposal) {
        out.text(1, proposal.operation().node().value());
        out.number(2, proposal.operation().incarnation());
        out.number(3, proposal.operation().sequence());
        // Contents come first, so that a reader knows them when it meets a file that names one.
        proposal.contents().forEach(content -> out.bytes(4, content));
        Carried carried = Carried.of(proposal.contents());
        proposal.changes().forEach(change -> out.message(5, inner -> write(inner, change, carried)));
        if (proposal.clockMillis() != 0) {
            out.signed(6, proposal.clockMillis());
        }
    }

    private static Decoded proposal(WireReader in) throws IOException {
        @Nullable NodeId node = null;
        long incarnation = 0;
        long sequence = 0;
        long clockMillis = 0;
        Carried carried = Carried.nothing();
        List<Change> changes = new ArrayList<>();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> node = new NodeId(in.text());
                case 2 -> incarnation = in.number();
                case 3 -> sequence = in.number();
                case 4 -> carried.add(in.bytes());
                case 5 -> {
                    changes.add(change(in.message(), carried));
                    requireAtMost(Proposal.CHANGES_MAX, changes.size());
                }
                case 6 -> clockMillis = in.signed();
                default -> in.skip();
            }
        }
        OperationId operation = new OperationId(required(node), incarnation, sequence);
        List<Bytes> contents = List.copyOf(carried.contents().values());
        Proposal proposal = new Proposal(operation, changes, contents, clockMillis);
        return new Decoded(new Command.Propose(proposal), carried.contents());
    }

    private static void write(WireWriter out, Change change, Carried carried) {
        switch (change) {
            case Change.Put put -> out.message(1, inner -> write(inner, put, carried));
            case Change.Move(List<Change.Relocation> relocations) -> out.message(2, inner -> write(inner, relocations));
            case Change.Delete(EntryId entry, Revision base, Place place) ->
                out.message(3, inner -> {
                    inner.number(1, entry.value());
                    inner.message(2, nested -> ValueCodec.write(nested, base));
                    inner.message(3, nested -> ValueCodec.write(nested, place));
                });
            case Change.Release(EntryId entry, Revision base, Place place, Content.File rules) ->
                out.message(5, inner -> {
                    inner.number(1, entry.value());
                    inner.message(2, nested -> ValueCodec.write(nested, base));
                    inner.message(3, nested -> ValueCodec.write(nested, place));
                    inner.message(4, nested -> ValueCodec.write(nested, rules, Carried.nothing()));
                });
            case Change.SetAttributes(EntryId entry, OptionalInt mode, OptionalLong mtimeNanos) ->
                out.message(4, inner -> {
                    inner.number(1, entry.value());
                    mode.ifPresent(value -> inner.present(2, value));
                    mtimeNanos.ifPresent(value -> inner.signed(3, value));
                });
        }
    }

    private static Change change(WireReader in, Carried carried) throws IOException {
        @Nullable Change change = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> change = put(in.message(), carried);
                case 2 -> change = move(in.message());
                case 3 -> change = delete(in.message());
                case 4 -> change = setAttributes(in.message());
                case 5 -> change = release(in.message());
                default -> in.skip();
            }
        }
        return required(change);
    }

    private static void write(WireWriter out, Change.Put put, Carried carried) {
        out.message(1, inner -> ValueCodec.write(inner, put.place()));
        put.entry().ifPresent(entry -> out.present(2, entry.value()));
        out.message(3, inner -> ValueCodec.write(inner, put.base()));
        out.message(4, inner -> ValueCodec.write(inner, put.content(), carried));
        out.message(5, inner -> ValueCodec.write(inner, put.attributes()));
    }

    private static Change put(WireReader in, Carried carried) throws IOException {
        @Nullable Place place = null;
        Optional<EntryId> entry = Optional.empty();
        Revision base = Revision.NONE;
        @Nullable Content content = null;
        @Nullable Attributes attributes = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> place = ValueCodec.place(in.message());
                case 2 -> entry = Optional.of(new EntryId(in.number()));
                case 3 -> base = ValueCodec.revision(in.message());
                case 4 -> content = ValueCodec.content(in.message(), carried);
                case 5 -> attributes = ValueCodec.attributes(in.message());
                default -> in.skip();
            }
        }
        return new Change.Put(required(place), entry, base, required(content), required(attributes));
    }

    private static void write(WireWriter out, List<Change.Relocation> relocations) {
        requireAtMost(RELOCATIONS_MAX, relocations.size());
        for (Change.Relocation relocation : relocations) {
            out.message(1, inner -> {
                inner.number(1, relocation.entry().value());
                inner.message(2, nested -> ValueCodec.write(nested, relocation.to()));
            });
        }
    }

    private static Change move(WireReader in) throws IOException {
        List<Change.Relocation> relocations = new ArrayList<>();
        Set<EntryId> moved = new HashSet<>();
        for (int field = in.next(); field != 0; field = in.next()) {
            if (field == 1) {
                Change.Relocation relocation = relocation(in.message());
                relocations.add(relocation);
                requireAtMost(RELOCATIONS_MAX, relocations.size());
                if (!moved.add(relocation.entry())) {
                    throw new IllegalArgumentException("moved twice: " + relocation.entry());
                }
            } else {
                in.skip();
            }
        }
        return new Change.Move(relocations);
    }

    private static Change.Relocation relocation(WireReader in) throws IOException {
        EntryId entry = EntryId.ROOT;
        @Nullable Place to = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> entry = new EntryId(in.number());
                case 2 -> to = ValueCodec.place(in.message());
                default -> in.skip();
            }
        }
        return new Change.Relocation(entry, required(to));
    }

    private static Change delete(WireReader in) throws IOException {
        EntryId entry = EntryId.ROOT;
        Revision base = Revision.NONE;
        @Nullable Place place = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> entry = new EntryId(in.number());
                case 2 -> base = ValueCodec.revision(in.message());
                case 3 -> place = ValueCodec.place(in.message());
                default -> in.skip();
            }
        }
        return new Change.Delete(entry, base, required(place));
    }

    private static Change release(WireReader in) throws IOException {
        EntryId entry = EntryId.ROOT;
        Revision base = Revision.NONE;
        @Nullable Place place = null;
        @Nullable Content rules = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> entry = new EntryId(in.number());
                case 2 -> base = ValueCodec.revision(in.message());
                case 3 -> place = ValueCodec.place(in.message());
                case 4 -> rules = ValueCodec.content(in.message(), Carried.nothing());
                default -> in.skip();
            }
        }
        if (rules instanceof Content.File file) {
            return new Change.Release(entry, base, required(place), file);
        }
        throw new IllegalArgumentException("rules that are no file");
    }

    private static Change setAttributes(WireReader in) throws IOException {
        EntryId entry = EntryId.ROOT;
        OptionalInt mode = OptionalInt.empty();
        OptionalLong mtimeNanos = OptionalLong.empty();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> entry = new EntryId(in.number());
                case 2 -> mode = OptionalInt.of(new Attributes(in.smallNumber(), 0).mode());
                case 3 -> mtimeNanos = OptionalLong.of(in.signed());
                default -> in.skip();
            }
        }
        return new Change.SetAttributes(entry, mode, mtimeNanos);
    }
}
