package dev.lockstep.catalog;

import static dev.lockstep.catalog.ValueCodec.required;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Records of history as the catalog stores them. Field numbers: docs/log-format.md.
final class HistoryCodec {
    private HistoryCodec() {}

    /// What is stored beside an entry: what its current revision has to say for itself.
    ///
    /// @param superseded how many superseded records the entry has
    record Latest(
            Revision revision,
            HistoryRecord.What what,
            HistoryRecord.Signature by,
            Optional<RelativePath> path,
            int superseded) {
        Latest withSuperseded(int count) {
            return new Latest(revision, what, by, path, count);
        }

        /// The record of the entry as it stands.
        HistoryRecord record(Entry entry, Optional<HistoryRecord.Superseded> by) {
            HistoryRecord.State state = new HistoryRecord.State(entry.content(), entry.attributes(), entry.revision());
            return new HistoryRecord(entry.id(), revision, what, this.by, Optional.of(state), path, by);
        }
    }

    static Bytes encode(Latest latest) {
        return WireWriter.message(out -> {
            writeHead(out, latest.what(), latest.by(), latest.path());
            out.message(5, inner -> ValueCodec.write(inner, latest.revision()));
            out.number(6, latest.superseded());
        });
    }

    static Latest latest(Bytes stored) {
        return RecordCodec.stored("record of history", stored, in -> {
            Fields fields = Fields.read(in);
            return new Latest(
                    fields.revision, fields.what(), fields.by(), Optional.ofNullable(fields.path), fields.superseded);
        });
    }

    /// All but entry and revision, which the key tells.
    static Bytes encode(HistoryRecord line) {
        return WireWriter.message(out -> {
            writeHead(out, line.what(), line.by(), line.path());
            line.state().ifPresent(state -> {
                out.message(7, inner -> ValueCodec.write(inner, state.content(), Carried.nothing()));
                out.message(8, inner -> ValueCodec.write(inner, state.attributes()));
                out.message(9, inner -> ValueCodec.write(inner, state.contentRevision()));
            });
            line.superseded().ifPresent(superseded -> {
                out.message(10, inner -> ValueCodec.write(inner, superseded.by()));
                out.signed(11, superseded.clockMillis());
            });
        });
    }

    static HistoryRecord history(Bytes key, Bytes stored) {
        return RecordCodec.stored(
                "record of history",
                stored,
                in -> Fields.read(in).record(Keys.historyEntry(key), Keys.historyRevision(key)));
    }

    private static void writeHead(
            WireWriter out, HistoryRecord.What what, HistoryRecord.Signature by, Optional<RelativePath> path) {
        out.number(1, what.code());
        out.text(2, by.node().value());
        out.signed(3, by.clockMillis());
        path.ifPresent(present -> out.bytes(4, present.toBytes()));
    }

    private static final class Fields {
        private int what;
        private @Nullable NodeId node;
        private long clockMillis;
        private @Nullable RelativePath path;
        private Revision revision = Revision.NONE;
        private int superseded;
        private @Nullable Content content;
        private @Nullable Attributes attributes;
        private Revision contentRevision = Revision.NONE;
        private @Nullable Revision supersededBy;
        private long supersededMillis;

        static Fields read(WireReader in) throws IOException {
            Fields fields = new Fields();
            for (int field = in.next(); field != 0; field = in.next()) {
                fields.take(field, in);
            }
            return fields;
        }

        private void take(int field, WireReader in) throws IOException {
            switch (field) {
                case 1 -> what = in.smallNumber();
                case 2 -> node = new NodeId(in.text());
                case 3 -> clockMillis = in.signed();
                case 4 -> path = RelativePath.of(in.bytes());
                case 5 -> revision = ValueCodec.revision(in.message());
                case 6 -> superseded = in.smallNumber();
                case 7 -> content = ValueCodec.content(in.message(), Carried.nothing());
                case 8 -> attributes = ValueCodec.attributes(in.message());
                case 9 -> contentRevision = ValueCodec.revision(in.message());
                case 10 -> supersededBy = ValueCodec.revision(in.message());
                case 11 -> supersededMillis = in.signed();
                default -> in.skip();
            }
        }

        private HistoryRecord.What what() {
            return HistoryRecord.What.of(what);
        }

        private HistoryRecord.Signature by() {
            return new HistoryRecord.Signature(required(node), clockMillis);
        }

        private HistoryRecord record(EntryId entry, Revision at) {
            Optional<HistoryRecord.State> state = content == null
                    ? Optional.empty()
                    : Optional.of(new HistoryRecord.State(content, required(attributes), contentRevision));
            HistoryRecord.Superseded end = new HistoryRecord.Superseded(required(supersededBy), supersededMillis);
            return new HistoryRecord(entry, at, what(), by(), state, Optional.ofNullable(path), Optional.of(end));
        }
    }
}
