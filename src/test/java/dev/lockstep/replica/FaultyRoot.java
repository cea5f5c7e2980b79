package dev.lockstep.replica;

import dev.lockstep.folder.Errno;
import dev.lockstep.folder.FolderException;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.model.RelativePath;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A real root whose operations fail, by name, as long as the test says, and at whose looks programs act. Any
/// thread.
final class FaultyRoot implements InvocationHandler {
    /// The operations that fail now, such as `syncfs`; a rename into another root is `renameOut`.
    static final class Faults {
        private final Map<String, Errno> byOperation = new ConcurrentHashMap<>();
        private final AtomicInteger met = new AtomicInteger();
        private volatile Consumer<RelativePath> atLook = _ -> {};

        /// What is done before a path is looked at.
        void atLook(Consumer<RelativePath> act) {
            atLook = act;
        }

        void set(String operation, Errno errno) {
            byOperation.put(operation, errno);
        }

        void clear() {
            byOperation.clear();
        }

        /// How many calls have failed.
        int met() {
            return met.get();
        }
    }

    private final FolderRoot root;
    private final Faults faults;

    private FaultyRoot(FolderRoot root, Faults faults) {
        this.root = root;
        this.faults = faults;
    }

    static FolderRoot of(FolderRoot root, Faults faults) {
        return (FolderRoot) Proxy.newProxyInstance(
                FolderRoot.class.getClassLoader(), new Class<?>[] {FolderRoot.class}, new FaultyRoot(root, faults));
    }

    /// A proxy equals what it stands for; here the proxy itself is meant.
    @SuppressWarnings("ReferenceEquality")
    private static String operation(Object proxy, Method method, Object @Nullable [] arguments) {
        boolean isOut = method.getName().equals("rename") && arguments != null && arguments[1] != proxy;
        return isOut ? "renameOut" : method.getName();
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        Errno errno = faults.byOperation.get(operation(proxy, method, arguments));
        if (errno != null) {
            faults.met.incrementAndGet();
            throw FolderException.of(errno, method.getName(), root.location());
        }
        if (method.getName().equals("stat") && arguments != null) {
            faults.atLook.accept((RelativePath) arguments[0]);
        }
        Object[] plain = arguments == null
                ? new Object[0]
                : Arrays.stream(arguments).map(FaultyRoot::unwrapped).toArray();
        try {
            return method.invoke(root, plain);
        } catch (InvocationTargetException failed) {
            throw failed.getCause();
        }
    }

    private static @Nullable Object unwrapped(@Nullable Object argument) {
        boolean isFaulty = argument != null
                && Proxy.isProxyClass(argument.getClass())
                && Proxy.getInvocationHandler(argument) instanceof FaultyRoot;
        return isFaulty ? ((FaultyRoot) Proxy.getInvocationHandler(argument)).root : argument;
    }
}
