package dev.lockstep.catalog;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Place;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeSet;

/// A catalog and the nodes that propose to it, told in few words.
final class Scene {
    static final NodeId NODE1 = new NodeId("node1");
    static final NodeId NODE2 = new NodeId("node2");
    static final Attributes PLAIN = new Attributes(0644, 1_000);
    static final Attributes DIRECTORY = new Attributes(0755, 0);

    final Catalog catalog;
    private final Map<NodeId, Long> sequences = new HashMap<>();
    private long logIndex;

    Scene() {
        this(new Catalog(new MemoryStore()));
    }

    Scene(Catalog catalog) {
        this.catalog = catalog;
        logIndex = catalog.appliedIndex();
    }

    /// The proposal commits under the next index and the node's next operation id.
    Applied offer(NodeId node, Change... changes) {
        return offer(node, List.of(changes), List.of());
    }

    Applied offer(NodeId node, List<Change> changes, List<Bytes> contents) {
        long sequence = sequences.merge(node, 1L, Long::sum);
        return offer(new Proposal(new OperationId(node, 1, sequence), changes, contents));
    }

    Applied offer(Proposal proposal) {
        logIndex++;
        return catalog.apply(logIndex, CommandCodec.encode(new Command.Propose(proposal)));
    }

    Outcome outcome(NodeId node, Change change) {
        return offer(node, change).outcomes().getFirst();
    }

    /// Makes a file, and its directories, as it stands on node 1.
    Entry file(String path, String text) {
        outcome(NODE1, create(path, text));
        return at(path);
    }

    Entry directory(String path) {
        outcome(NODE1, createDirectory(path));
        return at(path);
    }

    Change.Put create(String path, String text) {
        return new Change.Put(place(path), Optional.empty(), Revision.NONE, content(text), PLAIN);
    }

    Change.Put createDirectory(String path) {
        return new Change.Put(place(path), Optional.empty(), Revision.NONE, new Content.Directory(), DIRECTORY);
    }

    Change.Put createSymlink(String path, String target) {
        Content link = new Content.Symlink(Bytes.utf8(target));
        return new Change.Put(place(path), Optional.empty(), Revision.NONE, link, new Attributes(0777, 5));
    }

    /// An edit of the entry as `seen`.
    Change.Put edit(Entry seen, String text) {
        return new Change.Put(placeOf(seen), Optional.of(seen.id()), seen.revision(), content(text), PLAIN);
    }

    Change.Move move(Entry entry, String to) {
        return new Change.Move(List.of(new Change.Relocation(entry.id(), place(to))));
    }

    Change.Delete delete(Entry seen) {
        return new Change.Delete(seen.id(), seen.revision(), placeOf(seen));
    }

    /// A release of the entry as `seen`, under rules that hold the text.
    Change.Release release(Entry seen, String rules) {
        return new Change.Release(seen.id(), seen.revision(), placeOf(seen), content(rules));
    }

    static Change.SetAttributes mode(Entry entry, int mode) {
        return new Change.SetAttributes(entry.id(), OptionalInt.of(mode), OptionalLong.empty());
    }

    static Change.SetAttributes mtime(Entry entry, long nanos) {
        return new Change.SetAttributes(entry.id(), OptionalInt.empty(), OptionalLong.of(nanos));
    }

    static Content.File content(String text) {
        Bytes bytes = Bytes.utf8(text);
        return new Content.File(Digest.of(bytes), bytes.size());
    }

    /// The place of a path, its directories known as far as they exist now.
    Place place(String path) {
        RelativePath whole = RelativePath.of(path);
        List<Place.Step> steps = new ArrayList<>();
        for (int depth = 1; depth < whole.depth(); depth++) {
            RelativePath above = new RelativePath(whole.names().subList(0, depth));
            EntryId id = find(above).map(Entry::id).orElse(EntryId.ROOT);
            steps.add(new Place.Step(id, above.name()));
        }
        return new Place(steps, whole.name());
    }

    /// The place where an entry lies now, or lay in the root.
    private Place placeOf(Entry entry) {
        RelativePath path = catalog.read(view -> view.path(entry.id()));
        return path == null
                ? new Place(List.of(), entry.name())
                : place(path.toBytes().toUtf8());
    }

    Optional<Entry> find(RelativePath path) {
        return catalog.read(view -> view.find(path));
    }

    boolean exists(String path) {
        return find(RelativePath.of(path)).isPresent();
    }

    Entry at(String path) {
        return find(RelativePath.of(path)).orElseThrow(() -> new AssertionError("nothing at " + path + ": " + tree()));
    }

    Entry entry(EntryId id) {
        Entry entry = catalog.read(view -> view.entry(id));
        if (entry == null) {
            throw new AssertionError("no entry " + id);
        }
        return entry;
    }

    /// All paths, directories with a slash at their end.
    NavigableSet<String> tree() {
        NavigableSet<String> paths = new TreeSet<>();
        catalog.read(view -> {
            view.forEachEntry(entry -> {
                RelativePath path = view.path(entry.id());
                paths.add(path + (entry.content().isDirectory() ? "/" : ""));
            });
            return null;
        });
        return paths;
    }

    /// The conflict name that `node` gives to what wanted `name` with this content.
    static String conflict(String name, NodeId node, String text) {
        return new ConflictName(Name.of(name), node, content(text).digest())
                .name(1)
                .toString();
    }
}
