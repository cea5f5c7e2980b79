package dev.lockstep.node;

import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.StoreId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a node's state directory and folder say of themselves. Thread-safe: a founding record is taken, and a
/// membership entered, one after the other.
final class OwnStore {
    private static final String STORE_FILE = "store";
    private static final String RECORD_FILE = "founding";

    private final NodeConfig config;
    private final DurableFiles files;
    private final StoreId id;
    private final Optional<FolderMarker> marker;
    private @Nullable Identity identity;
    private Optional<FoundingRecord> record;

    private OwnStore(
            NodeConfig config,
            DurableFiles files,
            Optional<FolderMarker> marker,
            StoreId id,
            @Nullable Identity identity,
            Optional<FoundingRecord> record) {
        this.config = config;
        this.files = files;
        this.marker = marker;
        this.id = id;
        this.identity = identity;
        this.record = record;
    }

    /// Makes a store id durable if there is none.
    ///
    /// @throws StartRefused if state directory and folder do not belong together, or not to this node
    static OwnStore open(NodeConfig config, DurableFiles files) throws IOException, StartRefused {
        Path state = config.state();
        Optional<Identity> identity = Identity.read(state);
        Optional<FolderMarker> marker = FolderMarker.read(config.folder());
        if (marker.isPresent()) {
            requireOwnMarker(config, marker.get());
        }
        if (identity.isPresent()) {
            requireOwnState(config, identity.get());
            requireOwnFolder(config, identity.get(), marker);
        }
        StoreId id = identity.isPresent() ? identity.get().self().store() : storeId(files, state);
        Optional<String> record = Identity.readChecked(state, RECORD_FILE);
        return new OwnStore(
                config,
                files,
                marker,
                id,
                identity.orElse(null),
                record.isEmpty() ? Optional.empty() : Optional.of(FoundingRecord.decode(record.get())));
    }

    private static void requireOwnMarker(NodeConfig config, FolderMarker marker) throws StartRefused {
        if (!marker.node().equals(config.node())) {
            throw new StartRefused("the folder " + config.folder() + " is that of " + marker.node() + " in cluster "
                    + marker.cluster() + ", not of " + config.node() + ": correct --id or --folder, or, if it is a"
                    + " copy, remove " + config.folder().resolve(FolderMarker.NAME));
        }
    }

    private static void requireOwnState(NodeConfig config, Identity identity) throws StartRefused {
        NodeId owner = identity.self().node();
        if (!owner.equals(config.node())) {
            throw new StartRefused("the state directory " + config.state() + " is that of " + owner + ", not of "
                    + config.node() + ": correct --id or --state");
        }
    }

    private static void requireOwnFolder(NodeConfig config, Identity identity, Optional<FolderMarker> marker)
            throws StartRefused {
        boolean hasRun = hasRun(config.state());
        if (marker.isEmpty() && hasRun) {
            throw new StartRefused("the folder " + config.folder() + " has no marker " + FolderMarker.NAME
                    + ": is its file system mounted? Bring it back; or, if it is the right folder and what is missing"
                    + " in it shall be deleted everywhere: cp " + FolderMarker.copy(config.state()) + " "
                    + config.folder().resolve(FolderMarker.NAME));
        }
        if (marker.isEmpty()) {
            return;
        }
        if (!marker.get().cluster().equals(identity.cluster())) {
            throw new StartRefused("the folder " + config.folder() + " belongs to cluster "
                    + marker.get().cluster() + ", the state directory " + config.state() + " to cluster "
                    + identity.cluster() + ": correct --folder or --state");
        }
        if (!marker.get().store().equals(identity.self().store()) && hasRun) {
            throw new StartRefused("the state directory " + config.state() + " (store "
                    + identity.self().store() + ") is not the one that the folder " + config.folder()
                    + " was used with last (store " + marker.get().store() + "): correct --state or --folder");
        }
    }

    /// Whether a node has run with this state; before that, nothing in it was ever voted or placed.
    static boolean hasRun(Path state) {
        return Files.exists(state.resolve(StateDirectory.INCARNATION));
    }

    private static StoreId storeId(DurableFiles files, Path state) throws IOException {
        Optional<String> kept = Identity.readChecked(state, STORE_FILE);
        if (kept.isPresent()) {
            return new StoreId(kept.get().strip());
        }
        byte[] random = new byte[8];
        new SecureRandom().nextBytes(random);
        StoreId made = new StoreId(HexFormat.of().formatHex(random));
        Identity.writeChecked(files, state, STORE_FILE, made.value());
        return made;
    }

    StoreId id() {
        return id;
    }

    /// The folder's marker as it was found at the start.
    Optional<FolderMarker> marker() {
        return marker;
    }

    synchronized Optional<Identity> identity() {
        return Optional.ofNullable(identity);
    }

    synchronized Optional<FoundingRecord> record() {
        return record;
    }

    /// Makes a founding record durable, in place of one that never came into force.
    ///
    /// @throws IOException with the reason why this store does not take part in it
    synchronized void take(FoundingRecord offered) throws IOException {
        if (identity != null) {
            throw new IOException(config.node() + " belongs to cluster " + identity.cluster());
        }
        if (marker.isPresent()) {
            throw new IOException("the folder of " + config.node() + " belongs to cluster "
                    + marker.get().cluster());
        }
        if (!offered.member(id).map(Member::node).equals(Optional.of(config.node()))) {
            throw new IOException("the founding record does not name the store of " + config.node());
        }
        if (!offered.addresses().equals(config.peers())) {
            throw new IOException(config.node() + " was given other --peers: " + NodeConfig.text(config.peers())
                    + "; give every node the same");
        }
        if (record.isPresent() && record.get().isNewerThan(offered)) {
            throw new IOException(config.node() + " holds a newer founding record");
        }
        if (!record.equals(Optional.of(offered))) {
            Identity.writeChecked(files, config.state(), RECORD_FILE, offered.encode());
            record = Optional.of(offered);
        }
    }

    /// Makes this store a member, then the folder the member's. Finishes what a kill interrupted.
    ///
    /// @throws IOException if this store has agreed to the founding of another cluster meanwhile
    synchronized Identity become(Identity member) throws IOException {
        if (identity == null) {
            if (!member.isJoiner() && !record.map(FoundingRecord::cluster).equals(Optional.of(member.cluster()))) {
                throw new IOException(config.node() + " does not hold the founding record of " + member.cluster());
            }
            member.write(files, config.state());
            identity = member;
        }
        FolderMarker due = new FolderMarker(member.cluster(), config.node(), id);
        if (!marker.equals(Optional.of(due)) || !Files.exists(FolderMarker.copy(config.state()))) {
            due.write(files, config.folder(), config.state());
        }
        return member;
    }
}
