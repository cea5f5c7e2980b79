package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.model.Address;
import dev.lockstep.model.NodeId;
import dev.lockstep.replica.PreviousRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunRecordTest {
    @TempDir
    private Path home;

    private NodeConfig config;
    private RunRecord before;

    @BeforeEach
    void run() throws IOException {
        Files.createDirectories(home.resolve("folder"));
        Files.createDirectories(home.resolve("state"));
        config = new NodeConfig(
                new NodeId("node1"),
                home.resolve("folder"),
                home.resolve("state"),
                new TreeMap<>(),
                Address.parse("127.0.0.1:0"));
        before = RunRecord.begun(booted("one"), config, Optional.empty()).synced(7, 70);
    }

    private Machine booted(String id) throws IOException {
        Path proc = home.resolve("proc-" + id);
        Files.createDirectories(proc.resolve("sys/kernel/random"));
        Files.writeString(proc.resolve("sys/kernel/random/boot_id"), id + "\n");
        return new Machine(proc, "UTF-8");
    }

    private RunRecord next(String boot, RunRecord last) throws IOException {
        return RunRecord.begun(booted(boot), config, Optional.of(last));
    }

    @Test
    void firstRunFollowsNoLoss() throws Exception {
        assertThat(RunRecord.begun(booted("one"), config, Optional.empty()).isRecovering())
                .isFalse();
    }

    @Test
    void killIsNoLoss() throws Exception {
        assertThat(next("one", before).isRecovering()).isFalse();
    }

    private PreviousRun followed() throws IOException {
        return LastRun.follow(config, booted("one"), new DurableFiles(), InstantSource.system())
                .previousRun();
    }

    @Test
    void replicaIsToldOfKills() throws Exception {
        assertThat(followed()).isEqualTo(PreviousRun.NONE);
        assertThat(followed()).isEqualTo(new PreviousRun(0, true, Optional.empty()));
        before.ended().write(new DurableFiles(), config.state());
        assertThat(followed()).isEqualTo(new PreviousRun(7, false, Optional.empty()));
    }

    @Test
    void anotherBootIsLossAndKeepsTheSyncPoint() throws Exception {
        RunRecord after = next("two", before);
        assertThat(after.isRecovering()).isTrue();
        assertThat(after.syncedIndex()).isEqualTo(7);
    }

    @Test
    void anotherBootAfterOrderlyEndIsNoLoss() throws Exception {
        assertThat(next("two", before.ended()).isRecovering()).isFalse();
    }

    @Test
    void anotherMountOrDeviceIsLoss() throws Exception {
        RunRecord.Place place = before.folder();
        for (RunRecord.Place other : new RunRecord.Place[] {
            new RunRecord.Place(place.device() + "1", place.mount()), new RunRecord.Place(place.device(), "unknown/1")
        }) {
            RunRecord moved = new RunRecord(before.boot(), other, before.state(), false, false, 7, 70);
            assertThat(next("one", moved).isRecovering()).as("%s", other).isTrue();
        }
    }

    @Test
    void numbersOfMountsInAnotherTableTellNothing() throws Exception {
        RunRecord.Place other = new RunRecord.Place(before.folder().device(), "mnt:[1]/99");
        RunRecord moved = new RunRecord(before.boot(), other, before.state(), false, false, 7, 70);
        assertThat(next("one", moved).isRecovering()).isFalse();
    }

    @Test
    void killDuringTheRecoveryLeavesItToTheNextRun() throws Exception {
        RunRecord recovering = next("two", before);
        assertThat(next("two", recovering).isRecovering()).isTrue();
        assertThat(next("two", recovering.synced(9, 90)).isRecovering()).isFalse();
    }

    @Test
    void recordIsReadAsItWasWritten() throws Exception {
        assertThat(RunRecord.read(home)).isEmpty();
        before.write(new DurableFiles(), home);
        assertThat(RunRecord.read(home)).contains(before);
        before.ended().write(new DurableFiles(), home);
        assertThat(RunRecord.read(home)).contains(before.ended());
    }

    @Test
    void damagedOrMissingRecordIsLossOfEverything() throws Exception {
        Files.writeString(home.resolve("run"), "garbage");
        assertThat(next("one", RunRecord.read(home).orElseThrow()).isRecovering())
                .isTrue();
        Files.delete(home.resolve("run"));
        Files.writeString(home.resolve("incarnation"), "1\n");
        assertThat(RunRecord.read(home).orElseThrow().syncedIndex()).isZero();
        assertThat(RunRecord.read(home).orElseThrow().isRecovering()).isTrue();
    }
}
