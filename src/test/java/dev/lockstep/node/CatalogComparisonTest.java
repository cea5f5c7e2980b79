package dev.lockstep.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.catalog.Catalog;
import dev.lockstep.catalog.MemoryStore;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import dev.lockstep.model.NodeId;
import java.io.IOException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class CatalogComparisonTest {
    private static final long EVERY = CatalogComparison.EVERY_ENTRIES;
    private static final NodeId NODE2 = new NodeId("node2");
    private static final NodeId NODE3 = new NodeId("node3");

    private final Catalog catalog = new Catalog(new MemoryStore());
    private final CatalogComparison comparison = new CatalogComparison(new NodeId("node1"), catalog);

    private void advance(long logIndex) {
        catalog.advance(logIndex);
        comparison.applied(logIndex);
    }

    private SortedMap<Long, Digest> same() throws IOException {
        return CatalogComparison.decode(comparison.encode());
    }

    private static SortedMap<Long, Digest> other(long logIndex) {
        return new TreeMap<>(Map.of(logIndex, Digest.of(Bytes.utf8("another catalog"))));
    }

    @Test
    void digestsAreKeptAtFixedIndexesAlone() throws IOException {
        advance(EVERY - 1);
        advance(EVERY);
        advance(EVERY + 1);
        advance(2 * EVERY);
        assertThat(same()).containsOnlyKeys(EVERY, 2 * EVERY);
        assertThat(same().get(EVERY)).isEqualTo(catalog.read(Catalog.View::digest));
    }

    @Test
    void whatComesAgainAfterARestartIsNotKept() throws IOException {
        catalog.advance(EVERY + 5);
        comparison.applied(EVERY);
        assertThat(same()).isEmpty();
    }

    @Test
    void onlyTheNewestAreKept() throws IOException {
        for (int i = 1; i <= CatalogComparison.KEPT_MAX + 3; i++) {
            advance(i * EVERY);
        }
        assertThat(same()).hasSize(CatalogComparison.KEPT_MAX);
        assertThat(same().firstKey()).isEqualTo(4 * EVERY);
    }

    @Test
    void equalCatalogsGoOn() throws IOException {
        advance(EVERY);
        assertThat(comparison.judge(Map.of(NODE2, same(), NODE3, same()), 3)).isEmpty();
        assertThat(comparison.judge(Map.of(NODE2, same()), 3)).isEmpty();
        assertThat(comparison.judge(Map.of(), 3)).isEmpty();
    }

    @Test
    void theOneThatDiffersFromTheMajorityEnds() throws IOException {
        advance(EVERY);
        assertThat(comparison
                        .judge(Map.of(NODE2, other(EVERY), NODE3, other(EVERY)), 3)
                        .orElseThrow())
                .contains("node1", "log index " + EVERY);
        assertThat(comparison.judge(Map.of(NODE2, other(EVERY), NODE3, same()), 3))
                .isEmpty();
    }

    /// Nobody can tell which of two is right.
    @Test
    void withoutMajorityForItItEnds() {
        advance(EVERY);
        assertThat(comparison.judge(Map.of(NODE2, other(EVERY)), 3)).isPresent();
        assertThat(comparison.judge(Map.of(NODE2, other(EVERY)), 2)).isPresent();
    }

    @Test
    void whatIsKeptByOneAloneIsComparedLater() {
        advance(EVERY);
        assertThat(comparison.judge(Map.of(NODE2, other(2 * EVERY)), 3)).isEmpty();
        advance(2 * EVERY);
        assertThat(comparison.judge(Map.of(NODE2, other(2 * EVERY)), 3)).isPresent();
    }

    @Test
    void whatIsNoDigestIsRefused() {
        for (String text : new String[] {"x", "12 ", "12 zz", "a 01"}) {
            assertThatThrownBy(() -> CatalogComparison.decode(Bytes.utf8(text))).isInstanceOf(IOException.class);
        }
    }
}
