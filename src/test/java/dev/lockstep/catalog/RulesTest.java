package dev.lockstep.catalog;

import static dev.lockstep.catalog.Scene.NODE1;
import static dev.lockstep.catalog.Scene.NODE2;
import static dev.lockstep.catalog.Scene.PLAIN;
import static dev.lockstep.catalog.Scene.conflict;
import static dev.lockstep.catalog.Scene.content;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Attributes;
import dev.lockstep.model.Change;
import dev.lockstep.model.Content;
import dev.lockstep.model.Entry;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.Name;
import dev.lockstep.model.Outcome;
import dev.lockstep.model.Place;
import dev.lockstep.model.Revision;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// What becomes of new content, deletions and attributes. Moves: [MoveRulesTest].
final class RulesTest {
    private final Scene scene = new Scene();

    @Test
    void creationMakesAnEntryOfThisRevision() {
        Applied applied = scene.offer(NODE1, scene.create("a.txt", "one"));

        Entry made = scene.at("a.txt");
        assertThat(made)
                .isEqualTo(new Entry(
                        new EntryId(1),
                        EntryId.ROOT,
                        Name.of("a.txt"),
                        content("one"),
                        PLAIN,
                        new Revision(1, 0),
                        new Revision(1, 0),
                        false));
        assertThat(applied.outcomes()).containsExactly(new Outcome.Accepted(made.id(), made.revision()));
        assertThat(applied.touched()).containsExactly(made.id());
    }

    @Test
    void creationMakesMissingDirectories() {
        Applied applied = scene.offer(NODE1, scene.create("a/b/c", "one"));

        assertThat(scene.tree()).containsExactly("a/", "a/b/", "a/b/c");
        assertThat(scene.at("a").attributes()).isEqualTo(new Attributes(0755, 0));
        assertThat(applied.touched())
                .containsExactly(
                        scene.at("a").id(),
                        scene.at("a/b").id(),
                        scene.at("a/b/c").id());
    }

    @Test
    void creationsOfOneProposalMeetInTheDirectoryMadeByTheFirst() {
        Applied applied =
                scene.offer(NODE1, scene.createDirectory("d"), scene.create("d/one", "1"), scene.create("d/two", "2"));

        assertThat(scene.tree()).containsExactly("d/", "d/one", "d/two");
        assertThat(applied.outcomes())
                .extracting(outcome -> ((Outcome.Accepted) outcome).revision().position())
                .containsExactly(0, 1, 2);
    }

    @Test
    void creationFollowsADirectoryThatMoved() {
        scene.directory("old");
        Change create = scene.create("old/f", "one");
        scene.offer(NODE2, scene.move(scene.at("old"), "new"));

        scene.offer(NODE1, create);

        assertThat(scene.tree()).containsExactly("new/", "new/f");
    }

    @Test
    void creationInADeletedDirectoryMakesItAgain() {
        Entry gone = scene.directory("d");
        Change create = scene.create("d/f", "one");
        scene.offer(NODE2, scene.delete(gone));

        scene.offer(NODE1, create);

        assertThat(scene.tree()).containsExactly("d/", "d/f");
        assertThat(scene.at("d").id()).isNotEqualTo(gone.id());
    }

    @Test
    void aLeafInTheWayOfADirectoryOnAPathStepsAside() {
        Change create = scene.create("x/f", "one");
        Entry leaf = scene.file("x", "leaf");

        Applied applied = scene.offer(NODE2, create);

        String aside = conflict("x", NODE2, "leaf");
        assertThat(scene.tree()).containsExactly(aside, "x/", "x/f");
        assertThat(scene.at(aside).id()).isEqualTo(leaf.id());
        assertThat(scene.at(aside).revision()).isEqualTo(leaf.revision());
        assertThat(scene.at(aside).isConflictCopy()).isTrue();
        assertThat(applied.touched()).contains(leaf.id());
    }

    @Test
    void editOfTheCurrentRevisionIsAccepted() {
        Entry seen = scene.file("a", "one");

        Applied applied = scene.offer(NODE2, scene.edit(seen, "two"));

        Entry now = scene.at("a");
        assertThat(now.id()).isEqualTo(seen.id());
        assertThat(now.content()).isEqualTo(content("two"));
        assertThat(now.revision()).isEqualTo(new Revision(2, 0)).isEqualTo(now.changed());
        assertThat(applied.outcomes()).containsExactly(new Outcome.Accepted(seen.id(), now.revision()));
        assertThat(applied.superseded())
                .containsExactly(new Applied.Superseded(seen.id(), content("one"), seen.revision()));
    }

    @Test
    void staleBaseRevisionYieldsConflictCopy() {
        Entry seen = scene.file("a.txt", "one");
        scene.offer(NODE1, scene.edit(seen, "two"));

        Outcome outcome = scene.outcome(NODE2, scene.edit(seen, "three"));

        Entry copy = scene.at(conflict("a.txt", NODE2, "three"));
        assertThat(outcome).isEqualTo(new Outcome.Copied(copy.id(), new Revision(3, 0)));
        assertThat(copy.content()).isEqualTo(content("three"));
        assertThat(copy.isConflictCopy()).isTrue();
        assertThat(scene.at("a.txt").content()).isEqualTo(content("two"));
    }

    @Test
    void staleEditWithTheSameContentMergesAndTheLastAttributesCount() {
        Entry seen = scene.file("a", "one");
        scene.offer(NODE1, scene.edit(seen, "two"));
        Revision current = scene.at("a").revision();
        Change.Put same = new Change.Put(
                scene.place("a"), Optional.of(seen.id()), seen.revision(), content("two"), new Attributes(0600, 7));

        Applied applied = scene.offer(NODE2, same);

        Entry now = scene.at("a");
        assertThat(applied.outcomes()).containsExactly(new Outcome.Accepted(seen.id(), current));
        assertThat(applied.superseded()).isEmpty();
        assertThat(now.attributes()).isEqualTo(new Attributes(0600, 7));
        assertThat(now.revision()).isEqualTo(current);
        assertThat(now.changed()).isEqualTo(new Revision(3, 0));
        assertThat(scene.tree()).containsExactly("a");
    }

    @Test
    void editFollowsAnEntryThatMoved() {
        Entry seen = scene.file("a", "one");
        Change edit = scene.edit(seen, "two");
        scene.offer(NODE2, scene.move(seen, "b"));

        scene.offer(NODE1, edit);

        assertThat(scene.tree()).containsExactly("b");
        assertThat(scene.at("b").content()).isEqualTo(content("two"));
    }

    @Test
    void conflictCopyLiesBesideTheCurrentPlaceOfTheEntry() {
        Entry seen = scene.file("a", "one");
        Change late = scene.edit(seen, "late");
        scene.offer(NODE1, scene.edit(seen, "two"), scene.createDirectory("d"));
        scene.offer(NODE1, scene.move(seen, "d/b"));

        scene.offer(NODE2, late);

        assertThat(scene.tree()).containsExactly("d/", "d/b", "d/" + conflict("b", NODE2, "late"));
    }

    @Test
    void editSurvivesTheDeletionOfItsEntry() {
        Entry seen = scene.file("d/a", "one");
        Change edit = scene.edit(seen, "two");
        scene.offer(NODE2, scene.delete(seen), scene.delete(scene.at("d")));

        Outcome outcome = scene.outcome(NODE1, edit);

        assertThat(scene.tree()).containsExactly("d/", "d/a");
        assertThat(scene.at("d/a").content()).isEqualTo(content("two"));
        assertThat(outcome).isEqualTo(new Outcome.Accepted(scene.at("d/a").id(), new Revision(3, 0)));
    }

    @Test
    void deletionAfterAnEditIsOverruled() {
        Entry seen = scene.file("a", "one");
        Change delete = scene.delete(seen);
        scene.offer(NODE1, scene.edit(seen, "two"));

        assertThat(scene.outcome(NODE2, delete)).isEqualTo(new Outcome.Overruled("edited"));
        assertThat(scene.at("a").content()).isEqualTo(content("two"));
    }

    @Test
    void deletionAfterAMoveIsOverruled() {
        Entry seen = scene.file("a", "one");
        Change delete = scene.delete(seen);
        scene.offer(NODE1, scene.move(seen, "b"));

        assertThat(scene.outcome(NODE2, delete)).isEqualTo(new Outcome.Overruled("moved"));
        assertThat(scene.tree()).containsExactly("b");
    }

    @Test
    void deletionBelowAMovedDirectoryHolds() {
        Entry seen = scene.file("d/a", "one");
        Change delete = scene.delete(seen);
        scene.offer(NODE1, scene.move(scene.at("d"), "e"));

        scene.offer(NODE2, delete);

        assertThat(scene.tree()).containsExactly("e/");
    }

    @Test
    void deletionMakesNoDirectories() {
        Entry seen = scene.file("a", "one");
        Change delete = new Change.Delete(seen.id(), seen.revision(), scene.place("x/y/a"));

        assertThat(scene.outcome(NODE1, delete)).isEqualTo(new Outcome.Overruled("moved"));
        assertThat(scene.tree()).containsExactly("a");
    }

    @Test
    void releaseHoldsUnderTheRulesItWasDecidedBy() {
        Entry rules = scene.file(".lockstepignore", "a");
        Entry seen = scene.file("a", "one");

        scene.outcome(NODE1, scene.edit(rules, "b"));
        assertThat(scene.outcome(NODE1, scene.release(seen, "a")))
                .isEqualTo(new Outcome.Overruled("other rules by now"));
        assertThat(scene.outcome(NODE1, scene.release(seen, "b")))
                .isEqualTo(new Outcome.Accepted(seen.id(), Revision.NONE));
        assertThat(scene.tree()).containsExactly(".lockstepignore");
    }

    @Test
    void withoutRulesNothingIsReleased() {
        Entry seen = scene.file("a", "one");
        Entry rules = scene.file(".lockstepignore", "a");
        scene.outcome(NODE1, scene.move(rules, "rules"));

        assertThat(scene.outcome(NODE1, scene.release(seen, "a")))
                .isEqualTo(new Outcome.Overruled("other rules by now"));
        assertThat(scene.tree()).containsExactly("a", "rules");
    }

    @Test
    void whatWasEditedIsNotReleased() {
        scene.file(".lockstepignore", "a");
        Entry seen = scene.file("a", "one");
        scene.outcome(NODE2, scene.edit(seen, "two"));

        assertThat(scene.outcome(NODE1, scene.release(seen, "a"))).isEqualTo(new Outcome.Overruled("edited"));
    }

    @Test
    void deletionRemovesTheEntryAndNamesItsContent() {
        Entry seen = scene.file("a", "one");

        Applied applied = scene.offer(NODE2, scene.delete(seen));

        assertThat(applied.outcomes()).containsExactly(new Outcome.Accepted(seen.id(), Revision.NONE));
        assertThat(applied.touched()).containsExactly(seen.id());
        assertThat(applied.superseded())
                .containsExactly(new Applied.Superseded(seen.id(), content("one"), seen.revision()));
        assertThat(scene.tree()).isEmpty();
    }

    @Test
    void secondDeletionIsAcceptedAndChangesNothing() {
        Entry seen = scene.file("a", "one");
        Change delete = scene.delete(seen);
        scene.offer(NODE1, delete);

        Applied applied = scene.offer(NODE2, delete);

        assertThat(applied.outcomes()).containsExactly(new Outcome.Accepted(seen.id(), Revision.NONE));
        assertThat(applied.touched()).isEmpty();
    }

    @Test
    void directoryWithEntriesIsNotDeleted() {
        Entry child = scene.file("d/a", "one");
        Entry directory = scene.at("d");

        assertThat(scene.outcome(NODE1, scene.delete(directory))).isEqualTo(new Outcome.Overruled("not empty"));
        Applied both = scene.offer(NODE1, scene.delete(child), scene.delete(directory));

        assertThat(both.touched()).containsExactly(directory.id(), child.id());
        assertThat(scene.tree()).isEmpty();
    }

    @Test
    void directoryFilledByTheSameProposalIsNotDeleted() {
        Entry directory = scene.directory("d");

        Applied applied = scene.offer(NODE1, scene.create("d/a", "one"), scene.delete(directory));

        assertThat(applied.outcomes().getLast()).isEqualTo(new Outcome.Overruled("not empty"));
        assertThat(scene.tree()).containsExactly("d/", "d/a");
    }

    @Test
    void directoryCreatedTwiceIsOneDirectory() {
        Entry first = scene.directory("d");

        Outcome outcome = scene.outcome(NODE2, scene.createDirectory("d"));

        assertThat(outcome).isEqualTo(new Outcome.Accepted(first.id(), first.revision()));
        assertThat(scene.tree()).containsExactly("d/");
    }

    @Test
    void filesCreatedAlikeAreOneFile() {
        Entry first = scene.file("a", "one");

        Outcome outcome = scene.outcome(NODE2, scene.create("a", "one"));

        assertThat(outcome).isEqualTo(new Outcome.Accepted(first.id(), first.revision()));
        assertThat(scene.tree()).containsExactly("a");
    }

    /// Clocks differ between nodes, and programs set times as they like.
    @Test
    void timesDecideNoConflict() {
        Entry seen = scene.file("a.txt", "one");
        scene.offer(NODE1, scene.edit(seen, "two"));
        Change.Put late = scene.edit(seen, "three");
        Attributes future = new Attributes(0644, Long.MAX_VALUE);

        Outcome outcome =
                scene.outcome(NODE2, new Change.Put(late.place(), late.entry(), late.base(), late.content(), future));

        assertThat(outcome).isInstanceOf(Outcome.Copied.class);
        assertThat(scene.at("a.txt").content()).isEqualTo(content("two"));
    }

    @Test
    void secondCreationUnderOneNameBecomesConflictCopy() {
        scene.file("a", "one");

        Outcome outcome = scene.outcome(NODE2, scene.create("a", "two"));

        String copy = conflict("a", NODE2, "two");
        assertThat(outcome).isEqualTo(new Outcome.Copied(scene.at(copy).id(), new Revision(2, 0)));
        assertThat(scene.tree()).containsExactly("a", copy);
    }

    @Test
    void symlinkAndFileUnderOneNameAreAConflict() {
        scene.file("a", "one");

        Outcome outcome = scene.outcome(NODE2, scene.createSymlink("a", "elsewhere"));

        assertThat(outcome).isInstanceOf(Outcome.Copied.class);
        assertThat(scene.at("a").content()).isEqualTo(content("one"));
        assertThat(scene.tree()).hasSize(2);
    }

    @Test
    void fileCreatedWhereADirectoryLiesBecomesConflictCopy() {
        scene.directory("d");

        scene.offer(NODE2, scene.create("d", "file"));

        assertThat(scene.tree()).containsExactly(conflict("d", NODE2, "file"), "d/");
    }

    @Test
    void directoryCreatedWhereAFileLiesTakesTheName() {
        Entry file = scene.file("d", "file");

        Applied applied = scene.offer(NODE2, scene.createDirectory("d"));

        String aside = conflict("d", NODE2, "file");
        assertThat(scene.tree()).containsExactly(aside, "d/");
        assertThat(scene.at(aside).id()).isEqualTo(file.id());
        assertThat(scene.at("d").isConflictCopy()).isFalse();
        assertThat(applied.touched()).containsExactly(file.id(), scene.at("d").id());
    }

    @Test
    void fileReplacedByADirectoryOfItsNameStepsAside() {
        Entry file = scene.file("d", "file");
        Change.Put put = new Change.Put(
                scene.place("d"), Optional.of(file.id()), file.revision(), new Content.Directory(), Scene.DIRECTORY);

        scene.offer(NODE1, put);

        assertThat(scene.tree()).containsExactly(conflict("d", NODE1, "file"), "d/");
    }

    @Test
    void fileMayBecomeASymlinkAndKeepsItsIdentity() {
        Entry file = scene.file("a", "one");
        Change.Put put = new Change.Put(
                scene.place("a"),
                Optional.of(file.id()),
                file.revision(),
                scene.createSymlink("a", "b").content(),
                PLAIN);

        Applied applied = scene.offer(NODE1, put);

        assertThat(scene.at("a").id()).isEqualTo(file.id());
        assertThat(scene.at("a").attributes().mode()).isEqualTo(0777);
        assertThat(applied.superseded()).hasSize(1);
    }

    @Test
    void theSameConflictTwiceGivesOneCopy() {
        Entry seen = scene.file("a", "one");
        scene.offer(NODE1, scene.edit(seen, "two"));
        Outcome first = scene.outcome(NODE2, scene.edit(seen, "three"));

        Outcome second = scene.outcome(NODE2, scene.edit(seen, "three"));

        assertThat(second).isEqualTo(first);
        assertThat(scene.tree()).hasSize(2);
    }

    @Test
    void aTakenConflictNameIsCountedOn() {
        Entry seen = scene.file("a", "one");
        scene.offer(NODE1, scene.edit(seen, "two"));
        scene.offer(NODE2, scene.edit(seen, "three"));
        Entry copy = scene.at(conflict("a", NODE2, "three"));
        scene.offer(NODE2, scene.edit(copy, "three, edited"));

        scene.offer(NODE2, scene.edit(seen, "three"));

        String counted = conflict("a", NODE2, "three").replace(")", " 2)");
        assertThat(scene.tree()).containsExactly("a", counted, conflict("a", NODE2, "three"));
    }

    @Test
    void modeAndMtimeApplyToTheCurrentContent() {
        Entry seen = scene.file("a", "one");
        scene.offer(NODE1, scene.edit(seen, "two"));
        Revision current = scene.at("a").revision();

        Outcome outcome = scene.outcome(NODE2, Scene.mode(seen, 0600));
        scene.offer(NODE1, Scene.mtime(seen, -5));

        Entry now = scene.at("a");
        assertThat(outcome).isEqualTo(new Outcome.Accepted(seen.id(), current));
        assertThat(now.attributes()).isEqualTo(new Attributes(0600, -5));
        assertThat(now.revision()).isEqualTo(current);
        assertThat(now.changed()).isEqualTo(new Revision(4, 0));
    }

    @Test
    void attributesThatAreThereAlreadyTouchNothing() {
        Entry seen = scene.file("a", "one");

        assertThat(scene.offer(NODE1, Scene.mode(seen, 0644)).touched()).isEmpty();
    }

    @Test
    void directoriesKeepNoMtimeAndSymlinksNoMode() {
        Entry directory = scene.directory("d");
        scene.offer(NODE1, scene.createSymlink("l", "d"));

        scene.offer(NODE1, Scene.mtime(directory, 9), Scene.mode(scene.at("l"), 0600));

        assertThat(scene.at("d").attributes()).isEqualTo(new Attributes(0755, 0));
        assertThat(scene.at("l").attributes()).isEqualTo(new Attributes(0777, 5));
    }

    @Test
    void attributesOfADeletedEntryAreOverruled() {
        Entry seen = scene.file("a", "one");
        scene.offer(NODE1, scene.delete(seen));

        assertThat(scene.outcome(NODE2, Scene.mode(seen, 0600))).isEqualTo(new Outcome.Overruled("deleted"));
    }

    @Test
    void anEntryMadeAndRemovedByOneCommitIsTouched() {
        Place place = scene.place("a");
        EntryId first = new EntryId(1);

        Applied applied =
                scene.offer(NODE1, scene.create("a", "one"), new Change.Delete(first, new Revision(1, 0), place));

        assertThat(applied.touched()).containsExactly(first);
        assertThat(scene.tree()).isEmpty();
        assertThat(scene.catalog.<Long>read(Catalog.View::entries)).isZero();
        assertThat(scene.catalog.read(Catalog.View::digest)).isEqualTo(new TreeDigest().toDigest());
    }

    @Test
    void conflictCopiesAreListedAndCounted() {
        scene.file("a", "one");
        scene.offer(NODE2, List.of(scene.create("a", "two"), scene.create("a", "three")), List.of());

        List<Entry> copies = scene.catalog.read(view -> view.conflictCopies(10));
        assertThat(copies).hasSize(2).allMatch(Entry::isConflictCopy);
        assertThat(scene.catalog.<List<Entry>>read(view -> view.conflictCopies(1)))
                .hasSize(1);

        scene.offer(NODE1, scene.delete(copies.getFirst()));

        assertThat(scene.catalog.<Long>read(Catalog.View::conflictCopyCount)).isEqualTo(1);
    }
}
