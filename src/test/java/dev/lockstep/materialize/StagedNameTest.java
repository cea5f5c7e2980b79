package dev.lockstep.materialize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Revision;
import org.junit.jupiter.api.Test;

final class StagedNameTest {
    private static final String FILE = StagedName.print(new Content.File(Digest.of(Bytes.utf8("a")), 1));
    private static final String LINK = StagedName.print(new Content.Symlink(Bytes.utf8("a")));

    @Test
    void everyNameIsReadAsItWasWritten() {
        StagedName.Unique unique = new StagedName.Unique(3, 17);
        assertReadBack(
                StagedName.place(new EntryId(7), new Revision(12, 3), FILE, new Revision(400, 63), LINK, unique));
        assertReadBack(
                StagedName.place(new EntryId(7), Revision.NONE, StagedName.NOTHING, new Revision(4, 0), FILE, unique));
        assertReadBack(StagedName.gone(new EntryId(7), new Revision(12, 3), FILE, unique));
        assertReadBack(StagedName.edit(new EntryId(7), new Revision(12, 3), unique));
    }

    private static void assertReadBack(StagedName name) {
        assertThat(StagedName.parse(name.toName())).contains(name);
    }

    @Test
    void largestNameIsStillOneThatLinuxTakes() {
        Revision last = new Revision(Long.MAX_VALUE, Integer.MAX_VALUE);
        StagedName longest = StagedName.place(
                new EntryId(Long.MAX_VALUE),
                last,
                FILE,
                last,
                LINK,
                new StagedName.Unique(Long.MAX_VALUE, Long.MAX_VALUE));
        assertThat(longest.toName().bytes().size()).isLessThanOrEqualTo(225);
        assertReadBack(longest);
    }

    @Test
    void fileAndLinkOfTheSameBytesAreTwoContents() {
        assertThat(FILE).isNotEqualTo(LINK);
    }

    @Test
    void foreignNamesAreNone() {
        Digest digest = Digest.of(Bytes.utf8("a"));
        for (String foreign : new String[] {
            digest.toString(),
            digest + ".part-1",
            "place.part-1.2",
            "place-1-2.0-n-3.0-n",
            "place-1-2.0-n-3.0-n-1",
            "other-1-2.0-n-3.0-n-1.1",
            "edit-1-2.0-n-0.0-n-1.1.at"
        }) {
            assertThat(StagedName.parse(Name.of(foreign))).as(foreign).isEmpty();
        }
    }
}
