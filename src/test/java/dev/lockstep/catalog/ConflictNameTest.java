package dev.lockstep.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class ConflictNameTest {
    private static final NodeId NODE = new NodeId("node1.lan");
    private static final Digest DIGEST = Digest.of(Bytes.utf8("x"));
    private static final String MARK = " (conflict node1.lan 2d711642)";

    private static Name conflict(Name wanted, long attempt) {
        return new ConflictName(wanted, NODE, DIGEST).name(attempt);
    }

    private static String conflict(String wanted) {
        return conflict(Name.of(wanted), 1).toString();
    }

    @Test
    void theMarkStandsBeforeTheExtension() {
        assertThat(conflict("report.txt")).isEqualTo("report" + MARK + ".txt");
        assertThat(conflict("a.tar.gz")).isEqualTo("a.tar" + MARK + ".gz");
        assertThat(conflict("README")).isEqualTo("README" + MARK);
        assertThat(conflict(".bashrc")).isEqualTo(".bashrc" + MARK);
        assertThat(conflict("ends.")).isEqualTo("ends" + MARK + ".");
        assertThat(conflict("Mr. Smith wrote this")).isEqualTo("Mr. Smith wrote this" + MARK);
        assertThat(conflict("line\nbreak.txt")).isEqualTo("line\\x0abreak" + MARK + ".txt");
    }

    @Test
    void laterAttemptsCount() {
        assertThat(conflict(Name.of("a.txt"), 2)).hasToString("a (conflict node1.lan 2d711642 2).txt");
    }

    @Test
    void theCopyOfACopyHasOneMark() {
        Name other = new ConflictName(Name.of("a.txt"), new NodeId("n2"), Digest.of(Bytes.EMPTY)).name(3);
        Name bare = new ConflictName(Name.of("README"), NODE, Digest.of(Bytes.EMPTY)).name(1);

        assertThat(conflict(other.toString())).isEqualTo("a" + MARK + ".txt");
        assertThat(conflict(bare.toString())).isEqualTo("README" + MARK);
        assertThat(conflict(MARK)).isEqualTo(MARK);
    }

    @Test
    void aNameOf255BytesIsCutAndKeepsItsExtension() {
        Name name = conflict(Name.of("x".repeat(251) + ".txt"), 1);

        assertThat(name.bytes().size()).isEqualTo(255);
        assertThat(name.toString()).endsWith("x" + MARK + ".txt");
    }

    @Test
    void aUtf8NameIsNotCutInsideACharacter() {
        for (int ascii = 0; ascii < 4; ascii++) {
            String wanted = "x".repeat(ascii) + "\uD83D\uDE00".repeat(62);
            Name name = conflict(Name.of(wanted), 1);

            assertThat(name.isUtf8()).isTrue();
            assertThat(name.bytes().size()).isBetween(252, 255);
        }
    }

    @Test
    void aNameThatIsNotTextKeepsItsBytes() {
        byte[] wanted = new byte[255];
        Arrays.fill(wanted, (byte) 0xbf);

        Name name = conflict(new Name(Bytes.wrap(wanted)), 1);

        assertThat(name.bytes().size()).isEqualTo(255);
        assertThat(name.bytes().slice(0, 200)).isEqualTo(Bytes.wrap(wanted).slice(0, 200));
    }
}
