package dev.lockstep.replica;

import dev.lockstep.folder.Held;
import dev.lockstep.folder.Kind;
import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Attributes;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Revision;

/// Records of a folder index that no disk stands behind.
final class HeldSamples {
    private HeldSamples() {}

    static Held file(long id, String name) {
        Revision revision = new Revision(id, 0);
        Entry entry = new Entry(
                new EntryId(id),
                EntryId.ROOT,
                Name.of(name),
                SoloFolder.file(name),
                new Attributes(0644, 0),
                revision,
                revision,
                false);
        return new Held(entry, new Stamp(Kind.FILE, 1, id, 0, 1, 0, 0, 0644, 1, 0));
    }
}
