package dev.lockstep.node;

import dev.lockstep.model.Bytes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the state directory remembers of the last run of its node: whether what was written then can have been lost.
///
/// @param boot         of the machine, see [Machine#bootId]
/// @param folder       where the folder stood
/// @param state        where the state directory stood
/// @param isClean      whether the run was ended in order, with all it had written made durable
/// @param isRecovering whether it had not yet found all that an earlier loss may have damaged
/// @param syncedIndex  the log index of the last sync point, 0 before the first
/// @param syncedMillis when that was, milliseconds since 1970
record RunRecord(
        String boot,
        Place folder,
        Place state,
        boolean isClean,
        boolean isRecovering,
        long syncedIndex,
        long syncedMillis) {
    static final String FILE = "run";
    private static final Pattern FORM = Pattern.compile("""
            boot (.*)
            folder (\\S*) (\\S*)
            state (\\S*) (\\S*)
            clean (true|false)
            recovering (true|false)
            synced (\\d{1,18}) (\\d{1,18})
            """);

    /// @param device of the file system
    /// @param mount  as [Machine#mount] tells, such as `mnt:[4026531841]/27`
    record Place(String device, String mount) {
        static Place of(Machine machine, Path directory) throws IOException {
            return new Place(machine.spot(directory).device(), machine.mount(directory));
        }

        /// Numbers of mounts tell nothing in another table of mounts, such as that of another container.
        boolean isSame(Place other) {
            boolean isSameTable = table().equals(other.table());
            return device.equals(other.device) && (!isSameTable || mount.equals(other.mount));
        }

        private String table() {
            return mount.substring(0, Math.max(0, mount.lastIndexOf('/')));
        }
    }

    /// A run that begins now.
    ///
    /// @param before the run before, empty for the first one
    static RunRecord begun(Machine machine, NodeConfig config, Optional<RunRecord> before) throws IOException {
        RunRecord now = new RunRecord(
                machine.bootId().orElse(""),
                Place.of(machine, config.folder()),
                Place.of(machine, config.state()),
                false,
                false,
                before.map(RunRecord::syncedIndex).orElse(0L),
                before.map(RunRecord::syncedMillis).orElse(0L));
        return new RunRecord(
                now.boot,
                now.folder,
                now.state,
                false,
                before.filter(now::isAfterLossOf).isPresent(),
                now.syncedIndex,
                now.syncedMillis);
    }

    /// Whether what the other run wrote since its last sync point can have been lost before this one. The end of a
    /// process alone loses nothing.
    private boolean isAfterLossOf(RunRecord before) {
        boolean isSameMachine = before.boot.equals(boot) && before.folder.isSame(folder) && before.state.isSame(state);
        return before.isRecovering || (!before.isClean && !isSameMachine);
    }

    RunRecord synced(long logIndex, long nowMillis) {
        return new RunRecord(boot, folder, state, false, false, logIndex, nowMillis);
    }

    RunRecord ended() {
        return new RunRecord(boot, folder, state, true, false, syncedIndex, syncedMillis);
    }

    /// Durable on return.
    void write(DurableFiles files, Path directory) throws IOException {
        String text = "boot " + boot + "\nfolder " + folder.device + " " + folder.mount + "\nstate " + state.device
                + " "
                + state.mount + "\nclean " + isClean + "\nrecovering " + isRecovering + "\nsynced " + syncedIndex + " "
                + syncedMillis + "\n";
        files.write(directory.resolve(FILE), Bytes.utf8(Identity.checked(text)));
    }

    /// @return empty if no node has run here; one that knows nothing if it is missing or damaged
    static Optional<RunRecord> read(Path directory) throws IOException {
        Optional<String> text;
        try {
            text = Identity.readChecked(directory, FILE);
        } catch (DamagedFile damaged) {
            return Optional.of(lost());
        }
        return text.isEmpty() && OwnStore.hasRun(directory) ? Optional.of(lost()) : text.map(RunRecord::parse);
    }

    /// Nothing is known: everything may have been lost.
    private static RunRecord lost() {
        Place nowhere = new Place("", "");
        return new RunRecord("", nowhere, nowhere, false, true, 0, 0);
    }

    private static RunRecord parse(String text) {
        Matcher known = FORM.matcher(text);
        return !known.matches()
                ? lost()
                : new RunRecord(
                        known.group(1),
                        new Place(known.group(2), known.group(3)),
                        new Place(known.group(4), known.group(5)),
                        Boolean.parseBoolean(known.group(6)),
                        Boolean.parseBoolean(known.group(7)),
                        Long.parseLong(known.group(8)),
                        Long.parseLong(known.group(9)));
    }
}
