package dev.lockstep.catalog;

import static dev.lockstep.catalog.Scene.NODE1;
import static dev.lockstep.catalog.Scene.NODE2;
import static dev.lockstep.catalog.Scene.conflict;
import static dev.lockstep.catalog.Scene.content;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Place;
import dev.lockstep.model.Revision;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class MoveRulesTest {
    private static final Outcome CYCLE = new Outcome.Overruled("would lie within itself");

    private final Scene scene = new Scene();

    private Change.Relocation to(Entry entry, String path) {
        return new Change.Relocation(entry.id(), scene.place(path));
    }

    private static Change.Move all(Change.Relocation... relocations) {
        return new Change.Move(Arrays.asList(relocations));
    }

    @Test
    void renameKeepsIdentityAndContentRevision() {
        Entry seen = scene.file("a", "one");

        Applied applied = scene.offer(NODE2, scene.move(seen, "b"));

        Entry now = scene.at("b");
        assertThat(scene.tree()).containsExactly("b");
        assertThat(now.id()).isEqualTo(seen.id());
        assertThat(now.revision()).isEqualTo(seen.revision());
        assertThat(now.changed()).isEqualTo(new Revision(2, 0));
        assertThat(applied.outcomes()).containsExactly(new Outcome.Accepted(seen.id(), seen.revision()));
        assertThat(applied.touched()).containsExactly(seen.id());
        assertThat(applied.superseded()).isEmpty();
    }

    @Test
    void movingADirectoryMovesWhatIsInIt() {
        scene.file("d/x/f", "one");
        scene.directory("e");

        Applied applied = scene.offer(NODE1, scene.move(scene.at("d"), "e/d"));

        assertThat(scene.tree()).containsExactly("e/", "e/d/", "e/d/x/", "e/d/x/f");
        assertThat(applied.touched()).containsExactly(scene.at("e/d").id());
    }

    @Test
    void moveMakesMissingDirectories() {
        Entry seen = scene.file("a", "one");

        scene.offer(NODE1, scene.move(seen, "x/y/a"));

        assertThat(scene.tree()).containsExactly("x/", "x/y/", "x/y/a");
    }

    @Test
    void twoEntriesSwapTheirNames() {
        Entry a = scene.file("a", "one");
        Entry b = scene.file("b", "two");

        Applied applied = scene.offer(NODE1, all(to(a, "b"), to(b, "a")));

        assertThat(scene.at("b").id()).isEqualTo(a.id());
        assertThat(scene.at("a").id()).isEqualTo(b.id());
        assertThat(applied.touched()).containsExactly(a.id(), b.id());
    }

    @Test
    void threeDirectoriesTurnInARing() {
        Entry a = scene.file("a/1", "one");
        Entry b = scene.file("b/2", "two");
        Entry c = scene.file("c/3", "three");

        scene.offer(NODE1, all(to(scene.at("a"), "b"), to(scene.at("b"), "c"), to(scene.at("c"), "a")));

        assertThat(scene.tree()).containsExactly("a/", "a/3", "b/", "b/1", "c/", "c/2");
        assertThat(List.of(scene.at("b/1"), scene.at("c/2"), scene.at("a/3"))).containsExactly(a, b, c);
    }

    @Test
    void parentAndChildMayChangePlaces() {
        Entry outer = scene.directory("outer");
        Entry inner = scene.directory("outer/inner");
        Place below = new Place(List.of(new Place.Step(inner.id(), inner.name())), outer.name());

        Outcome outcome = scene.outcome(NODE1, all(new Change.Relocation(outer.id(), below), to(inner, "inner")));

        assertThat(outcome).isInstanceOf(Outcome.Accepted.class);
        assertThat(scene.tree()).containsExactly("inner/", "inner/outer/");
    }

    @Test
    void moveIntoItsOwnSubtreeIsOverruledAsAWhole() {
        Entry seen = scene.file("other", "one");
        scene.directory("d/e");
        Entry d = scene.at("d");

        Applied applied = scene.offer(NODE1, all(to(seen, "new/other"), to(d, "d/e/d")));

        assertThat(applied.outcomes()).containsExactly(CYCLE);
        assertThat(applied.touched()).isEmpty();
        assertThat(scene.tree()).containsExactly("d/", "d/e/", "other");
    }

    @Test
    void moveIntoItselfIsOverruled() {
        Entry d = scene.directory("d");

        assertThat(scene.outcome(NODE1, scene.move(d, "d/d"))).isEqualTo(CYCLE);
    }

    @Test
    void twoDirectoriesMovedIntoEachOtherByTwoNodesMakeNoCycle() {
        Entry a = scene.directory("a");
        Entry b = scene.directory("b");
        Change first = scene.move(a, "b/a");
        Change second = scene.move(b, "a/b");

        scene.offer(NODE1, first);

        assertThat(scene.outcome(NODE2, second)).isEqualTo(CYCLE);
        assertThat(scene.tree()).containsExactly("b/", "b/a/");
    }

    @Test
    void aRingAboveAnotherMovedEntryIsFound() {
        Entry a = scene.directory("a");
        Entry b = scene.directory("b");
        Entry c = scene.file("c", "one");

        assertThat(scene.outcome(NODE1, all(to(c, "a/c"), to(a, "b/a"), to(b, "a/b"))))
                .isEqualTo(CYCLE);
        assertThat(scene.tree()).containsExactly("a/", "b/", "c");
    }

    @Test
    void moveOntoAnotherFileKeepsBoth() {
        Entry resident = scene.file("b", "resident");
        Entry moved = scene.file("a", "moved");

        Outcome outcome = scene.outcome(NODE2, scene.move(moved, "b"));

        Entry copy = scene.at(conflict("b", NODE2, "moved"));
        assertThat(outcome).isEqualTo(new Outcome.Accepted(moved.id(), moved.revision()));
        assertThat(copy.id()).isEqualTo(moved.id());
        assertThat(copy.isConflictCopy()).isTrue();
        assertThat(scene.at("b")).isEqualTo(resident);
    }

    @Test
    void moveOntoAFileOfEqualContentKeepsBothEntries() {
        scene.file("b", "same");
        Entry moved = scene.file("a", "same");

        scene.offer(NODE2, scene.move(moved, "b"));

        assertThat(scene.tree()).containsExactly("b", conflict("b", NODE2, "same"));
    }

    @Test
    void directoryMovedOntoADirectoryIsKeptBesideIt() {
        scene.file("a/1", "one");
        scene.file("b/2", "two");

        scene.offer(NODE2, scene.move(scene.at("a"), "b"));

        assertThat(scene.tree()).hasSize(4).contains("b/", "b/2");
        assertThat(scene.tree().first()).startsWith("b (conflict node2 ").endsWith(")/");
    }

    @Test
    void directoryMovedOntoAFileTakesTheName() {
        Entry file = scene.file("b", "file");
        scene.file("a/1", "one");

        Applied applied = scene.offer(NODE2, scene.move(scene.at("a"), "b"));

        String aside = conflict("b", NODE2, "file");
        assertThat(scene.tree()).containsExactly(aside, "b/", "b/1");
        assertThat(scene.at(aside).id()).isEqualTo(file.id());
        assertThat(applied.touched()).contains(file.id(), scene.at("b").id());
    }

    @Test
    void fileMovedOntoADirectoryIsKeptBesideIt() {
        scene.directory("d");
        Entry file = scene.file("a", "file");

        scene.offer(NODE2, scene.move(file, "d"));

        assertThat(scene.tree()).containsExactly(conflict("d", NODE2, "file"), "d/");
    }

    @Test
    void moveToWhereItIsTouchesNothing() {
        Entry seen = scene.file("a", "one");

        Applied applied = scene.offer(NODE1, scene.move(seen, "a"));

        assertThat(applied.outcomes()).containsExactly(new Outcome.Accepted(seen.id(), seen.revision()));
        assertThat(applied.touched()).isEmpty();
        assertThat(scene.at("a")).isEqualTo(seen);
    }

    @Test
    void moveOfDeletedEntriesIsOverruledAndLeavesTheOthers() {
        Entry gone = scene.file("gone", "one");
        Entry here = scene.file("here", "two");
        scene.offer(NODE1, scene.delete(gone));

        assertThat(scene.outcome(NODE2, scene.move(gone, "x"))).isEqualTo(new Outcome.Overruled("deleted"));
        assertThat(scene.outcome(NODE2, all(to(gone, "here"), to(here, "there"))))
                .isEqualTo(new Outcome.Accepted(here.id(), here.revision()));
        assertThat(scene.tree()).containsExactly("there");
    }

    @Test
    void theLastOfTwoMovesCounts() {
        Entry seen = scene.file("a", "one");
        scene.offer(NODE1, scene.move(seen, "b"));

        scene.offer(NODE2, scene.move(seen, "c"));

        assertThat(scene.tree()).containsExactly("c");
    }

    @Test
    void moveIntoADirectoryThatMovedFollowsIt() {
        Entry seen = scene.file("a", "one");
        scene.directory("d");
        Change move = scene.move(seen, "d/a");
        scene.offer(NODE1, scene.move(scene.at("d"), "e"));

        scene.offer(NODE2, move);

        assertThat(scene.tree()).containsExactly("e/", "e/a");
    }

    @Test
    void conflictCopyThatIsGivenAnotherNameIsAnOrdinaryFile() {
        scene.file("a", "one");
        scene.offer(NODE2, scene.create("a", "two"));
        Entry copy = scene.at(conflict("a", NODE2, "two"));
        scene.directory("d");

        scene.offer(NODE1, scene.move(copy, "d/" + copy.name()));
        assertThat(scene.entry(copy.id()).isConflictCopy()).isTrue();

        scene.offer(NODE1, scene.move(copy, "b"));
        assertThat(scene.entry(copy.id()).isConflictCopy()).isFalse();
        assertThat(scene.catalog.<Long>read(Catalog.View::conflictCopyCount)).isZero();
    }

    @Test
    void nameFreedByAMoveIsTakenByACreationOfTheSameProposal() {
        Entry seen = scene.file("a", "one");

        scene.offer(NODE1, scene.move(seen, "a.old"), scene.create("a", "two"));

        assertThat(scene.at("a.old").id()).isEqualTo(seen.id());
        assertThat(scene.at("a").content()).isEqualTo(content("two"));
        assertThat(scene.at("a").content()).isInstanceOf(Content.File.class);
    }
}
