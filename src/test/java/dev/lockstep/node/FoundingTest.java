package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Address;
import dev.lockstep.model.Member;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Founding ends in one cluster or waits, whatever is killed, wiped or mixed up.
final class FoundingTest {
    private static final List<String> ALL = List.of("node1", "node2", "node3");
    private static final int RANDOM_RUNS = 60;

    @TempDir
    private Path temp;

    private int scenes;

    private FoundingScene scene(int nodes) {
        scenes++;
        return new FoundingScene(temp.resolve("scene" + scenes), nodes);
    }

    private FoundingScene founded() throws Exception {
        FoundingScene scene = scene(3);
        assertThat(scene.runAll(ALL)).isTrue();
        ALL.forEach(scene::runLog);
        return scene;
    }

    private static void assertOneCluster(FoundingScene scene, List<String> nodes) throws IOException {
        assertThat(scene.clusters()).hasSize(1);
        for (String node : nodes) {
            Identity identity = scene.identity(node).orElseThrow();
            assertThat(identity.self().node()).isEqualTo(new NodeId(node));
            assertThat(identity.members())
                    .extracting(Member::node)
                    .containsExactly(nodes.stream().map(NodeId::new).toArray(NodeId[]::new));
            assertThat(identity.members()).contains(identity.self());
            assertThat(scene.marker(node))
                    .contains(new FolderMarker(
                            identity.cluster(),
                            identity.self().node(),
                            identity.self().store()));
        }
    }

    // --- kills ---

    @Test
    void killAtAnyPointEndsInOneClusterOfAll() throws Exception {
        int kill = 0;
        FoundingScene scene;
        do {
            kill++;
            scene = scene(3);
            scene.killAtEvent(kill);
            assertThat(scene.runAll(ALL)).as("killed at event %d", kill).isTrue();
            assertOneCluster(scene, ALL);
        } while (scene.events() >= kill);
        assertThat(kill).as("events tried").isGreaterThan(80);
    }

    @Test
    void manyKillsInAnyOrderOfStartsEndInOneClusterOfAll() throws Exception {
        for (int seed = 1; seed <= RANDOM_RUNS; seed++) {
            Random random = new Random(seed);
            FoundingScene scene = scene(3);
            for (int i = random.nextInt(6); i >= 0; i--) {
                scene.killAtEvent(1 + random.nextInt(140));
            }
            List<String> order = new ArrayList<>(ALL);
            Collections.shuffle(order, random);
            assertThat(scene.runAll(order)).as("seed %d", seed).isTrue();
            assertOneCluster(scene, ALL);
        }
    }

    /// Whatever a wiped node is told, the others never get a second cluster beside theirs.
    @Test
    void killsAndWipesNeverMakeTwoClusters() throws Exception {
        for (int seed = 1; seed <= RANDOM_RUNS; seed++) {
            Random random = new Random(seed);
            FoundingScene scene = scene(3);
            scene.killAtEvent(1 + random.nextInt(140));
            for (int step = 0; step < 40; step++) {
                String node = ALL.get(random.nextInt(3));
                tryStep(scene, node);
                scene.requireOneCluster();
                if (random.nextInt(8) == 0) {
                    wipe(scene, ALL.get(random.nextInt(3)), random);
                }
            }
        }
    }

    private static void tryStep(FoundingScene scene, String node) throws IOException, InterruptedException {
        try {
            if (scene.step(node)) {
                scene.runLog(node);
            }
        } catch (StartRefused refused) {
            assertThat(refused.getMessage()).isNotBlank().doesNotContain("\n");
        }
    }

    private static void wipe(FoundingScene scene, String node, Random random) throws IOException {
        if (Files.exists(scene.config(node).state())) {
            scene.wipeState(node);
            if (random.nextBoolean()) {
                scene.wipeFolder(node);
            }
        }
    }

    /// A record that names the lost store is followed by one that names the new one.
    @Test
    void nodeWipedDuringFoundingDoesNotStopIt() throws Exception {
        int kill = 0;
        FoundingScene scene;
        do {
            kill++;
            scene = scene(3);
            scene.killAtEvent(kill);
            for (String node : ALL) {
                scene.step(node);
            }
            for (String node : List.of("node1", "node2")) {
                if (scene.clusters().isEmpty()
                        && Files.exists(scene.config(node).state())) {
                    scene.wipeState(node);
                }
            }
            assertThat(scene.runAll(ALL)).as("killed at event %d", kill).isTrue();
            assertOneCluster(scene, ALL);
        } while (scene.events() >= kill);
    }

    // --- waiting ---

    @Test
    void nodeWaitsForAllAndSaysForWhom() throws Exception {
        FoundingScene scene = scene(3);
        scene.step("node3");
        scene.step("node1");
        scene.step("node3");
        assertThat(scene.told("node1")).containsExactly("waiting for [node2] to found the cluster");
        assertThat(scene.told("node3")).last().isEqualTo("waiting for [node2] to found the cluster");
        assertThat(scene.clusters()).isEmpty();
        assertThat(scene.runAll(ALL)).isTrue();
        assertOneCluster(scene, ALL);
    }

    @Test
    void nodeThatListsItselfAloneFoundsClusterOfOne() throws Exception {
        FoundingScene scene = scene(1);
        assertThat(scene.runAll(List.of("node1"))).isTrue();
        assertOneCluster(scene, List.of("node1"));
    }

    @Test
    void nodesWithDifferentPeerListsWaitAndSaySo() throws Exception {
        FoundingScene scene = scene(3);
        NodeConfig second = scene.config("node2");
        SortedMap<NodeId, Address> fewer = new TreeMap<>(second.peers());
        fewer.remove(new NodeId("node1"));
        scene.configure("node2", new NodeConfig(second.node(), second.folder(), second.state(), fewer, second.http()));
        assertThat(scene.runAll(ALL)).isFalse();
        assertThat(scene.clusters()).isEmpty();
        assertThat(scene.told("node1")).last().asString().contains("node2", "--peers", "give every node the same");
        assertThat(scene.told("node2")).last().asString().contains("node3", "--peers", "give every node the same");
        scene.configure("node2", second);
        assertThat(scene.runAll(ALL)).isTrue();
        assertOneCluster(scene, ALL);
    }

    /// A user's files say nothing of clusters.
    @Test
    void foldersWithFilesAreBlank() throws Exception {
        FoundingScene scene = scene(3);
        Files.createDirectories(scene.config("node2").folder());
        Files.writeString(scene.config("node2").folder().resolve("f"), "mine");
        assertThat(scene.runAll(ALL)).isTrue();
        assertThat(scene.config("node2").folder().resolve("f")).hasContent("mine");
    }

    // --- what was lost ---

    @Test
    void memberRestartsWithoutAnyPeer() throws Exception {
        FoundingScene scene = founded();
        ALL.forEach(scene::kill);
        assertThat(scene.step("node2")).isTrue();
        assertOneCluster(scene, ALL);
    }

    @Test
    void wipedStateIsRefusedUntilItsStoreIsReplaced() throws Exception {
        FoundingScene scene = founded();
        scene.wipeState("node1");
        assertThat(scene.refusal("node1"))
                .contains("node1 has no state", "lockstep members replace node1")
                .doesNotContain("\n");
        assertThat(scene.identity("node1")).isEmpty();
        scene.permitReplacement("node1");
        ALL.subList(1, 3).forEach(scene::runLog);
        assertThat(scene.step("node1")).isTrue();
        Identity joined = scene.identity("node1").orElseThrow();
        assertThat(joined.isJoiner()).isTrue();
        assertThat(scene.marker("node1"))
                .map(FolderMarker::store)
                .contains(joined.self().store());
        assertThat(scene.clusters()).hasSize(1);
        scene.kill("node1");
        assertThat(scene.step("node1")).isTrue();
    }

    @Test
    void wipedStateAndFolderAreRefusedToo() throws Exception {
        FoundingScene scene = founded();
        scene.wipeState("node1");
        scene.wipeFolder("node1");
        assertThat(scene.refusal("node1")).contains("lockstep members replace node1");
    }

    @Test
    void wipedStateWithMarkerWaitsWhileNoPeerAnswers() throws Exception {
        FoundingScene scene = founded();
        scene.wipeState("node1");
        scene.kill("node2");
        scene.kill("node3");
        FolderMarker marker = scene.marker("node1").orElseThrow();
        assertThat(scene.step("node1")).isFalse();
        assertThat(scene.told("node1"))
                .last()
                .asString()
                .contains("node2, node3", marker.cluster().toString(), "is empty");
        assertThat(scene.marker("node1")).contains(marker);
        scene.step("node2");
        scene.runLog("node2");
        assertThat(scene.refusal("node1")).contains("lockstep members replace node1");
    }

    /// A member that has just started must not be taken for a blank one.
    @Test
    void twoWipedNodesFoundNothingWithThirdThatStarts() throws Exception {
        FoundingScene scene = founded();
        UUID cluster = scene.clusters().iterator().next();
        ALL.forEach(scene::kill);
        for (String node : List.of("node1", "node2")) {
            scene.wipeState(node);
            scene.wipeFolder(node);
        }
        scene.step("node1");
        scene.step("node2");
        scene.step("node3");
        for (int round = 0; round < 5; round++) {
            assertThat(scene.step("node1")).isFalse();
            assertThat(scene.step("node2")).isFalse();
        }
        assertThat(scene.told("node1")).last().asString().contains(cluster.toString());
        scene.runLog("node3");
        assertThat(scene.refusal("node1")).contains("members replace node1");
        assertThat(scene.refusal("node2")).contains("members replace node2");
        assertThat(scene.clusters()).containsExactly(cluster);
    }

    /// It has no founding record of its own that it could hold against a new one.
    @Test
    void wipedFoundersFoundNothingWithMemberThatJoinedLater() throws Exception {
        FoundingScene scene = founded();
        scene.wipeState("node3");
        scene.permitReplacement("node3");
        ALL.subList(0, 2).forEach(scene::runLog);
        assertThat(scene.step("node3")).isTrue();
        UUID cluster = scene.clusters().iterator().next();
        for (String node : List.of("node1", "node2")) {
            scene.wipeState(node);
            scene.wipeFolder(node);
        }
        scene.kill("node3");
        for (int round = 0; round < 5; round++) {
            ALL.forEach(node -> tryStepQuietly(scene, node));
        }
        assertThat(scene.clusters()).containsExactly(cluster);
        assertThat(scene.identity("node1")).isEmpty();
    }

    private static void tryStepQuietly(FoundingScene scene, String node) {
        try {
            scene.step(node);
        } catch (StartRefused refused) {
            assertThat(refused.getMessage()).doesNotContain("\n");
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    @Test
    void markersOfLostStatesFoundNoNewCluster() throws Exception {
        FoundingScene scene = founded();
        for (String node : ALL) {
            scene.wipeState(node);
        }
        scene.step("node1");
        scene.step("node2");
        assertThat(scene.refusal("node3")).contains("remove the markers", "rm ");
        assertThat(scene.clusters()).isEmpty();
        for (String node : ALL) {
            scene.kill(node);
            Files.delete(scene.config(node).folder().resolve(FolderMarker.NAME));
        }
        assertThat(scene.runAll(ALL)).isTrue();
        assertOneCluster(scene, ALL);
    }

    @Test
    void markedFolderStopsTheFoundingOfTheOthers() throws Exception {
        FoundingScene scene = founded();
        FolderMarker marker = scene.marker("node3").orElseThrow();
        for (String node : ALL) {
            scene.wipeState(node);
        }
        scene.wipeFolder("node1");
        scene.wipeFolder("node2");
        scene.step("node3");
        scene.step("node2");
        scene.step("node1");
        assertThat(scene.told("node1")).last().asString().contains("waiting for node3", "belongs to a cluster");
        assertThat(scene.clusters()).isEmpty();
        assertThat(scene.marker("node3")).contains(marker);
    }

    // --- the wrong folder or state ---

    @Test
    void folderWithoutItsMarkerIsRefusedWithTheCommandThatBringsItBack() throws Exception {
        FoundingScene scene = founded();
        scene.wipeFolder("node2");
        String line = scene.refusal("node2");
        Path copy = FolderMarker.copy(scene.config("node2").state());
        Path marker = scene.config("node2").folder().resolve(FolderMarker.NAME);
        assertThat(line).contains("has no marker", "mounted", "cp " + copy + " " + marker);
        assertThat(scene.marker("node2")).isEmpty();
        Files.copy(copy, marker);
        assertThat(scene.step("node2")).isTrue();
    }

    @Test
    void folderWithOtherFilesButNoMarkerIsRefusedToo() throws Exception {
        FoundingScene scene = founded();
        scene.kill("node2");
        Files.delete(scene.config("node2").folder().resolve(FolderMarker.NAME));
        Files.writeString(scene.config("node2").folder().resolve("g"), "of another disk");
        assertThat(scene.refusal("node2")).contains("has no marker");
        assertThat(scene.marker("node2")).isEmpty();
    }

    @Test
    void folderOfAnotherNodeIsRefused() throws Exception {
        FoundingScene scene = founded();
        NodeConfig first = scene.config("node1");
        NodeConfig second = scene.config("node2");
        scene.kill("node1");
        scene.wipeState("node2");
        scene.configure(
                "node2", new NodeConfig(second.node(), first.folder(), second.state(), second.peers(), second.http()));
        assertThat(scene.refusal("node2")).contains("is that of node1", "correct --id or --folder");
        assertThat(scene.marker("node1")).map(FolderMarker::node).contains(new NodeId("node1"));
    }

    @Test
    void stateOfAnotherNodeIsRefused() throws Exception {
        FoundingScene scene = founded();
        NodeConfig second = scene.config("node2");
        scene.kill("node1");
        Path state = scene.config("node1").state();
        scene.configure(
                "node2", new NodeConfig(second.node(), temp.resolve("empty"), state, second.peers(), second.http()));
        assertThat(scene.refusal("node2")).contains("is that of node1, not of node2", "correct --id or --state");
    }

    @Test
    void folderAndStateOfDifferentClustersAreRefused() throws Exception {
        FoundingScene scene = founded();
        NodeConfig mine = scene.config("node1");
        NodeConfig foreign = founded().config("node1");
        scene.kill("node1");
        scene.configure(
                "node1", new NodeConfig(mine.node(), foreign.folder(), mine.state(), mine.peers(), mine.http()));
        assertThat(scene.refusal("node1")).contains("belongs to cluster", "correct --folder or --state");
    }

    @Test
    void folderOfAnotherClusterIsNotTakenByTheRunningOne() throws Exception {
        FoundingScene scene = founded();
        NodeConfig mine = scene.config("node1");
        NodeConfig foreign = founded().config("node1");
        scene.wipeState("node1");
        scene.permitReplacement("node1");
        ALL.subList(1, 3).forEach(scene::runLog);
        scene.configure(
                "node1", new NodeConfig(mine.node(), foreign.folder(), mine.state(), mine.peers(), mine.http()));
        assertThat(scene.refusal("node1")).contains("but the peers run cluster", "correct --folder or --peers");
        assertThat(scene.identity("node1")).isEmpty();
    }

    @Test
    void stateAndFolderOfAnotherClusterAreRefusedByThePeers() throws Exception {
        FoundingScene scene = founded();
        NodeConfig mine = scene.config("node1");
        NodeConfig foreign = founded().config("node1");
        scene.kill("node1");
        scene.configure(
                "node1", new NodeConfig(mine.node(), foreign.folder(), foreign.state(), mine.peers(), mine.http()));
        assertThat(scene.refusal("node1")).contains("another cluster", "correct --peers or --state");
    }

    @Test
    void stateFromBeforeTheReplacementIsRefused() throws Exception {
        FoundingScene scene = founded();
        scene.kill("node1");
        Path old = temp.resolve("old-state");
        Files.move(scene.config("node1").state(), old);
        scene.permitReplacement("node1");
        ALL.subList(1, 3).forEach(scene::runLog);
        assertThat(scene.step("node1")).isTrue();
        NodeConfig mine = scene.config("node1");
        scene.configure("node1", new NodeConfig(mine.node(), mine.folder(), old, mine.peers(), mine.http()));
        assertThat(scene.refusal("node1")).contains("used with last", "correct --state or --folder");
        Files.delete(mine.folder().resolve(FolderMarker.NAME));
        Files.copy(FolderMarker.copy(old), mine.folder().resolve(FolderMarker.NAME));
        assertThat(scene.refusal("node1")).contains("was replaced", "empty state directory");
    }

    @Test
    void nodeThatIsNoMemberIsRefused() throws Exception {
        FoundingScene scene = founded();
        scene.wipeState("node3");
        scene.wipeFolder("node3");
        SortedMap<NodeId, Address> listed = new TreeMap<>(scene.config("node3").peers());
        listed.put(new NodeId("stranger"), new Address("127.0.0.1", 8009));
        scene.configure(
                "node3",
                new NodeConfig(
                        new NodeId("stranger"),
                        temp.resolve("stranger"),
                        temp.resolve("stranger-state"),
                        listed,
                        new Address("127.0.0.1", 0)));
        assertThat(scene.refusal("node3"))
                .contains("cluster without stranger", "[node1, node2, node3]", "correct --id or --peers");
    }

    @Test
    void damagedIdentityAndMarkerAreNamed() throws Exception {
        FoundingScene scene = founded();
        scene.kill("node1");
        Path identity = scene.config("node1").state().resolve(Identity.FILE);
        byte[] whole = Files.readAllBytes(identity);
        byte[] flipped = whole.clone();
        flipped[flipped.length / 2] ^= 1;
        Files.write(identity, flipped);
        assertThat(failure(scene, "node1")).contains(identity.toString(), "damaged", "members replace");
        Files.write(identity, whole);
        Path marker = scene.config("node1").folder().resolve(FolderMarker.NAME);
        Files.writeString(marker, "scribble");
        assertThat(failure(scene, "node1")).contains(marker.toString(), "damaged");
    }

    private static String failure(FoundingScene scene, String node) throws InterruptedException {
        try {
            scene.step(node);
            throw new AssertionError("started");
        } catch (IOException | StartRefused refused) {
            return String.valueOf(refused.getMessage());
        }
    }
}
