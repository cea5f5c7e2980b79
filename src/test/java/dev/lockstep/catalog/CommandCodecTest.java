package dev.lockstep.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.CodedOutputStream;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.NodeId;
import dev.lockstep.model.OperationId;
import dev.lockstep.model.Place;
import dev.lockstep.model.Proposal;
import dev.lockstep.model.Revision;
import dev.lockstep.model.StoreId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class CommandCodecTest {
    private static final OperationId OPERATION = new OperationId(new NodeId("node1"), 3, 9);

    private static Command put(Content content, List<Bytes> contents) {
        Place place = new Place(List.of(new Place.Step(EntryId.ROOT, Name.of("d"))), Name.of("a"));
        Change put = new Change.Put(place, Optional.of(new EntryId(4)), new Revision(5, 6), content, Scene.PLAIN);
        return new Command.Propose(new Proposal(OPERATION, List.of(put), contents));
    }

    @Test
    void whatIsEncodedComesOutAgain() {
        RandomProposals proposals = new RandomProposals(new Random(3));
        Scene scene = new Scene();
        for (int i = 0; i < 2000; i++) {
            Proposal proposal = scene.catalog.read(proposals::next);
            Command command = new Command.Propose(proposal);

            assertThat(CommandCodec.decode(CommandCodec.encode(command))).contains(command);
            scene.offer(proposal);
        }
        Command permit = new Command.PermitReplacement(new NodeId("node3"), new StoreId("0123456789abcdef"));
        assertThat(CommandCodec.decode(CommandCodec.encode(permit))).contains(permit);
    }

    @Test
    void theDigestOfACarriedContentIsNotSent() {
        Bytes bytes = Bytes.utf8("hello");
        Digest digest = Digest.of(bytes);
        Command command = put(new Content.File(digest, 5), List.of(bytes));

        Bytes encoded = CommandCodec.encode(command);

        assertThat(encoded.toString()).contains(bytes.toString()).doesNotContain(digest.toString());
        assertThat(CommandCodec.decode(encoded)).contains(command);
    }

    @Test
    void aFileThatIsNotCarriedKeepsDigestAndSize() {
        Command command = put(new Content.File(Digest.of(Bytes.utf8("large")), 1L << 40), List.of());

        assertThat(CommandCodec.decode(CommandCodec.encode(command))).contains(command);
    }

    @Test
    void unknownFieldsAreSkipped() throws IOException {
        Command command = put(new Content.Directory(), List.of());
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(CommandCodec.encode(command).toArray());
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeString(900, "from the future");
        out.writeFixed64(901, 1);
        out.flush();

        assertThat(CommandCodec.decode(Bytes.wrap(bytes.toByteArray()))).contains(command);
    }

    @Test
    void anotherFormatIsUnreadableAndKnownAsSuch() {
        Bytes future = WireWriter.message(out -> {
            out.number(1, 2);
            out.message(2, inner -> {});
        });
        assertThat(CommandCodec.decode(future)).isEmpty();
        assertThat(CommandCodec.formatOf(future)).isEqualTo(2);
    }

    @Test
    void theFirstTwoBytesTellTheFormatForEver() {
        Bytes encoded = CommandCodec.encode(put(new Content.Directory(), List.of()));
        assertThat(encoded.slice(0, 2).toString()).isEqualTo("0801");
        assertThat(CommandCodec.formatOf(encoded)).isEqualTo(1);
        assertThat(CommandCodec.formatOf(Bytes.wrap(new byte[] {8, 127}))).isEqualTo(127);
        for (byte[] garbage : new byte[][] {{}, {8}, {8, 0}, {8, (byte) 0x80, 1}, {9, 2}, {0x12, 2}}) {
            assertThat(CommandCodec.formatOf(Bytes.wrap(garbage))).isZero();
        }
    }

    @Test
    void aTruncatedCommandIsUnreadable() {
        Bytes whole = CommandCodec.encode(put(new Content.Directory(), List.of()));
        for (int size = 0; size < whole.size(); size++) {
            assertThat(CommandCodec.decode(whole.slice(0, size))).isEmpty();
        }
    }

    @Test
    void nestedGroupsAreUnreadable() {
        byte[] bytes = new byte[1 << 20];
        Arrays.fill(bytes, (byte) (7 << 3 | 3));
        assertThat(CommandCodec.decode(Bytes.wrap(bytes))).isEmpty();
    }

    @Test
    void whatIsBeyondABoundIsRefusedOnBothSides() {
        Place.Step step = new Place.Step(EntryId.ROOT, Name.of("d"));
        Place deep = new Place(Collections.nCopies(CommandCodec.DEPTH_MAX, step), Name.of("a"));
        Change put = new Change.Put(deep, Optional.empty(), Revision.NONE, new Content.Directory(), Scene.DIRECTORY);
        Command command = new Command.Propose(new Proposal(OPERATION, List.of(put), List.of()));
        assertThatThrownBy(() -> CommandCodec.encode(command)).isInstanceOf(IllegalArgumentException.class);

        Command large = put(new Content.Directory(), List.of(Bytes.wrap(new byte[CommandCodec.COMMAND_BYTES_MAX])));
        assertThatThrownBy(() -> CommandCodec.encode(large)).isInstanceOf(IllegalArgumentException.class);
        assertThat(CommandCodec.decode(Bytes.wrap(new byte[CommandCodec.COMMAND_BYTES_MAX + 1])))
                .isEmpty();
    }

    @Test
    void linksAndDigestsAreChecked() {
        for (Content bad : List.of(
                new Content.Symlink(Bytes.EMPTY),
                new Content.Symlink(Bytes.wrap(new byte[] {'a', 0})),
                new Content.Symlink(Bytes.wrap(new byte[4096])))) {
            assertThat(CommandCodec.decode(CommandCodec.encode(put(bad, List.of()))))
                    .isEmpty();
        }
    }

    @Test
    void anEntryMayNotBeMovedTwiceAtOnce() {
        Place place = new Place(List.of(), Name.of("a"));
        Change.Relocation relocation = new Change.Relocation(new EntryId(1), place);
        Change move = new Change.Move(List.of(relocation, relocation));
        Command command = new Command.Propose(new Proposal(OPERATION, List.of(move), List.of()));

        assertThat(CommandCodec.decode(CommandCodec.encode(command))).isEmpty();
    }
}
