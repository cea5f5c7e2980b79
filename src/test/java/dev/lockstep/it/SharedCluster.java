package dev.lockstep.it;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestInstanceFactoryContext;
import org.junit.jupiter.api.extension.TestInstancePreConstructCallback;

/// One cluster for the tests of a class, since a start costs seconds. Whatever a test leaves dead or stopped is
/// running again before the next one; a test that fails has its logs printed, and the next one gets a new
/// cluster.
final class SharedCluster implements TestInstancePreConstructCallback, AfterEachCallback, AfterAllCallback {
    private @Nullable LocalCluster cluster;
    private int areas;

    LocalCluster cluster() {
        if (cluster == null) {
            throw new IllegalStateException("only during a test");
        }
        return cluster;
    }

    /// A directory of the test's own that stands on every node.
    Area area() throws IOException {
        areas++;
        return Area.open(cluster(), "area" + areas);
    }

    /// Runs before the test object is made, so that its fields can hold the cluster.
    @Override
    public void preConstructTestInstance(TestInstanceFactoryContext factory, ExtensionContext context)
            throws Exception {
        if (cluster == null) {
            cluster = LocalCluster.founded();
            return;
        }
        try {
            cluster.contAll();
            cluster.startAll();
        } catch (Exception | Error e) {
            abandon("NOT READY BEFORE " + context.getDisplayName());
            throw e;
        }
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        if (context.getExecutionException().isPresent()) {
            abandon("FAILED " + context.getDisplayName());
        }
    }

    private void abandon(String why) throws IOException {
        if (cluster != null) {
            System.err.println(why + "\n" + cluster.report());
            cluster.close();
            cluster = null;
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        if (cluster != null) {
            cluster.close();
            cluster = null;
        }
    }
}
