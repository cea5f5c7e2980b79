package dev.lockstep.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Files that the file system, the kernel or an administrator treats in a special way.
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class LimitsIT {
    @RegisterExtension
    static final SharedCluster SHARED = new SharedCluster();

    private static final Duration SOON = Duration.ofMinutes(1);

    private final LocalCluster cluster = SHARED.cluster();
    private final Node first = cluster.node(1);
    private final Node second = cluster.node(2);

    /// A15, first half.
    @Test
    void deepTreesArrive() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(first), "for i in $(seq 200); do mkdir d && cd d; done; printf deep > f");
        cluster.awaitSame(SOON.multipliedBy(3));
        area.assertContent("d/".repeat(200) + "f", "deep");
    }

    /// A15, second half: so deep that no call of the kernel takes the path.
    @Test
    void treeDeeperThanAnyPathMayBeStopsNothing() throws Exception {
        Area area = SHARED.area();
        String name = "x".repeat(200);
        // Only some shells go down step by step when the whole path is too long.
        String make = "bash -euc 'for i in $(seq 25); do mkdir %s; cd %s; done; printf far > f'".formatted(name, name);
        String look = "bash -euc 'for i in $(seq 25); do cd %s; done; cat f' 2>/dev/null || true".formatted(name);
        try {
            Shell.in(area.on(first), make);
            area.write(first, "other", "goes on");
            area.awaitContent("other", "goes on");
            for (Node node : cluster.nodes()) {
                Await.until(
                        "the far file stands on " + node.id() + ", or is listed",
                        SOON,
                        () -> node.status().get("unsupported").toString().contains(name)
                                || Shell.in(area.on(node), look).equals("far"));
            }
        } finally {
            Shell.in(area.on(first), "rm -r " + name);
            for (Node node : cluster.nodes()) {
                Await.until(
                        "it goes on " + node.id(),
                        SOON,
                        () -> !Files.exists(area.on(node).resolve(name)));
            }
        }
        cluster.awaitSame(SOON);
    }

    /// A19 in small: holes are not replicated, their zeros are.
    @Test
    void sparseFileArrivesAsItReads() throws Exception {
        Area area = SHARED.area();
        Shell.in(
                area.on(first),
                "truncate -s 200M f && printf middle | dd of=f bs=1 seek=100000000 conv=notrunc 2>/dev/null");
        cluster.awaitSame(Duration.ofMinutes(2));
        for (Node node : cluster.nodes()) {
            assertThat(Shell.in(area.on(node), "stat -c %s f && tail -c +100000001 f | head -c 6"))
                    .isEqualTo("209715200\nmiddle");
        }
    }

    /// A20: setuid never travels. Modes that keep everybody out do, unless they keep out the node, too: then it says
    /// so.
    @Test
    void specialModesDoNotTravelAndClosedOnesDo() throws Exception {
        Area area = SHARED.area();
        Shell.in(area.on(first), "printf s > s && printf r > r && printf n > n && mkdir d && printf in > d/f");
        cluster.awaitSame(SOON);
        Shell.in(area.on(first), "chmod 6755 s && chmod 400 r && chmod 000 n && chmod 2750 d");
        boolean isKeptOut = !Shell.in(area.on(first), "id -u").strip().equals("0");
        if (isKeptOut) {
            Await.until(
                    "the closed file is listed",
                    SOON,
                    () -> first.status().get("unreadable").toString().contains(area.name() + "/n"));
            Shell.in(area.on(first), "chmod 600 n");
        }
        String closed = isKeptOut ? "600" : "0";
        for (Node node : cluster.nodes()) {
            boolean isOrigin = node == first;
            Await.until(
                    "modes stand on " + node.id(),
                    SOON,
                    () -> Shell.in(area.on(node), "stat -c %a s r n d")
                            .equals((isOrigin ? "6755\n400\n%s\n2750\n" : "755\n400\n%s\n750\n").formatted(closed)));
        }
        cluster.awaitSame(SOON);
        area.write(second, "s", "edited");
        cluster.awaitSame(SOON);
        area.assertContent("s", "edited");
        assertThat(Shell.in(area.on(cluster.node(3)), "stat -c %a s").strip()).isEqualTo("755");
    }

    /// A21.
    @Test
    void immutableFileHoldsUpNothingAndHeals() throws Exception {
        Area area = SHARED.area();
        area.write(first, "f", "old");
        area.write(first, "g", "old");
        area.awaitSameAndKept(SOON);
        boolean isPossible = Shell.run(area.on(second), java.util.List.of("chattr", "+i", "f"), SOON)
                        .code()
                == 0;
        Assumptions.assumeTrue(isPossible, "chattr +i works here");
        try {
            area.write(first, "f", "new");
            area.write(first, "g", "new");
            area.awaitContent("g", "new");
            area.awaitContent(cluster.node(3), "f", "new");
            Await.until(
                    "it is listed",
                    SOON,
                    () -> second.status().get("unplaceable").toString().contains(area.name() + "/f"));
            area.assertStill(second, "f", "old");
        } finally {
            Shell.in(area.on(second), "chattr -i f");
        }
        area.awaitSameAndKept(SOON);
        area.assertContent("f", "new");
        Await.until(
                "it is no longer listed",
                SOON,
                () -> second.status().get("unplaceable").isEmpty());
    }

    /// A22: attributes that are not replicated make no revision.
    @Test
    void extendedAttributesAreNoEdit() throws Exception {
        Area area = SHARED.area();
        area.write(first, "f", "content");
        area.awaitSameAndKept(SOON);
        Path file = area.on(first).resolve("f");
        UserDefinedFileAttributeView view = Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
        Assumptions.assumeTrue(Files.getFileStore(file).supportsFileAttributeView(UserDefinedFileAttributeView.class));
        view.write("colour", ByteBuffer.wrap(new byte[] {1, 2, 3}));
        cluster.awaitSame(SOON);
        assertThat(first.face().history(area.name() + "/f").get("revisions").size())
                .isEqualTo(1);
        area.write(second, "f", "edited");
        area.awaitSameAndKept(SOON);
        area.assertContent("f", "edited");
    }
}
