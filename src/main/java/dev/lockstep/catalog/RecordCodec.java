package dev.lockstep.catalog;

import static dev.lockstep.catalog.ValueCodec.required;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Entries and outcomes as the catalog stores them. Field numbers: docs/log-format.md.
final class RecordCodec {
    private RecordCodec() {}

    static Bytes encode(Entry entry) {
        return WireWriter.message(out -> {
            out.number(1, entry.id().value());
            out.number(2, entry.parent().value());
            out.bytes(3, entry.name().bytes());
            out.message(4, inner -> ValueCodec.write(inner, entry.content(), Carried.nothing()));
            out.message(5, inner -> ValueCodec.write(inner, entry.attributes()));
            out.message(6, inner -> ValueCodec.write(inner, entry.revision()));
            out.message(7, inner -> ValueCodec.write(inner, entry.changed()));
            out.number(8, entry.isConflictCopy() ? 1 : 0);
        });
    }

    /// @throws IllegalStateException if the bytes are not what [#encode(Entry)] wrote: the store is damaged
    static Entry entry(Bytes bytes) {
        return stored("entry", bytes, RecordCodec::entry);
    }

    private static Entry entry(WireReader in) throws IOException {
        long id = 0;
        long parent = 0;
        @Nullable Name name = null;
        @Nullable Content content = null;
        @Nullable Attributes attributes = null;
        Revision revision = Revision.NONE;
        Revision changed = Revision.NONE;
        boolean isConflictCopy = false;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> id = in.number();
                case 2 -> parent = in.number();
                case 3 -> name = new Name(in.bytes());
                case 4 -> content = ValueCodec.content(in.message(), Carried.nothing());
                case 5 -> attributes = ValueCodec.attributes(in.message());
                case 6 -> revision = ValueCodec.revision(in.message());
                case 7 -> changed = ValueCodec.revision(in.message());
                case 8 -> isConflictCopy = in.number() != 0;
                default -> in.skip();
            }
        }
        return new Entry(
                new EntryId(id),
                new EntryId(parent),
                required(name),
                required(content),
                required(attributes),
                revision,
                changed,
                isConflictCopy);
    }

    static Bytes encode(Answer answer) {
        return WireWriter.message(out -> {
            out.number(1, answer.incarnation());
            out.number(2, answer.sequence());
            answer.outcomes().forEach(outcome -> out.message(3, inner -> write(inner, outcome)));
        });
    }

    /// @throws IllegalStateException if the bytes are not what [#encode(Answer)] wrote: the store is damaged
    static Answer answer(Bytes bytes) {
        return stored("answer", bytes, RecordCodec::answer);
    }

    /// The outcomes given to one proposal.
    record Answer(long incarnation, long sequence, List<Outcome> outcomes) {}

    private static Answer answer(WireReader in) throws IOException {
        long incarnation = 0;
        long sequence = 0;
        List<Outcome> outcomes = new ArrayList<>();
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> incarnation = in.number();
                case 2 -> sequence = in.number();
                case 3 -> outcomes.add(outcome(in.message()));
                default -> in.skip();
            }
        }
        return new Answer(incarnation, sequence, List.copyOf(outcomes));
    }

    private static void write(WireWriter out, Outcome outcome) {
        switch (outcome) {
            case Outcome.Accepted(EntryId entry, Revision revision) ->
                out.message(1, inner -> write(inner, entry, revision));
            case Outcome.Copied(EntryId copy, Revision revision) ->
                out.message(2, inner -> write(inner, copy, revision));
            case Outcome.Overruled(String reason) -> out.text(3, reason);
            case Outcome.Refused(String reason) -> out.text(4, reason);
        }
    }

    private static void write(WireWriter out, EntryId entry, Revision revision) {
        out.number(1, entry.value());
        out.message(2, inner -> ValueCodec.write(inner, revision));
    }

    private static Outcome outcome(WireReader in) throws IOException {
        @Nullable Outcome outcome = null;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> {
                    Stand stand = stand(in.message());
                    outcome = new Outcome.Accepted(stand.entry(), stand.revision());
                }
                case 2 -> {
                    Stand stand = stand(in.message());
                    outcome = new Outcome.Copied(stand.entry(), stand.revision());
                }
                case 3 -> outcome = new Outcome.Overruled(in.text());
                case 4 -> outcome = new Outcome.Refused(in.text());
                default -> in.skip();
            }
        }
        return required(outcome);
    }

    private record Stand(EntryId entry, Revision revision) {}

    private static Stand stand(WireReader in) throws IOException {
        long entry = 0;
        Revision revision = Revision.NONE;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> entry = in.number();
                case 2 -> revision = ValueCodec.revision(in.message());
                default -> in.skip();
            }
        }
        return new Stand(new EntryId(entry), revision);
    }

    static <T> T stored(String what, Bytes bytes, Reader<T> reader) {
        try {
            return reader.read(new WireReader(bytes));
        } catch (IOException | IllegalArgumentException damaged) {
            throw new IllegalStateException("the catalog holds a damaged " + what, damaged);
        }
    }

    interface Reader<T> {
        T read(WireReader in) throws IOException;
    }
}
