package dev.lockstep.node;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/// A lock on a directory itself (`flock(2)` on its descriptor): no file is made, every name of the directory
/// counts as
/// the same, and the lock ends with the process. Unlike the file locks of the JDK it excludes within one
/// process too,
/// and is not lost when the process opens and closes the directory elsewhere.
final class DirectoryLock implements AutoCloseable {
    private static final int READ_ONLY_CLOSE_ON_EXEC = 0x80000;
    private static final int EXCLUSIVE_AT_ONCE = 2 | 4;
    private static final int WOULD_BLOCK = 11;

    private final int descriptor;
    private boolean isOpen = true;

    private DirectoryLock(int descriptor) {
        this.descriptor = descriptor;
    }

    /// @return empty if someone else holds it
    /// @throws IOException if the directory cannot be opened or its file system knows no locks
    static Optional<DirectoryLock> tryLock(Path directory) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(Calls.ERRNO);
            int descriptor = (int)
                    Calls.OPEN.invokeExact(errno, arena.allocateFrom(directory.toString()), READ_ONLY_CLOSE_ON_EXEC);
            if (descriptor < 0) {
                throw new IOException(
                        "cannot open the directory " + directory + " (errno " + Calls.number(errno) + ")");
            }
            if ((int) Calls.FLOCK.invokeExact(errno, descriptor, EXCLUSIVE_AT_ONCE) == 0) {
                return Optional.of(new DirectoryLock(descriptor));
            }
            int why = Calls.number(errno);
            int closed = (int) Calls.CLOSE.invokeExact(errno, descriptor);
            if (why == WOULD_BLOCK && closed == 0) {
                return Optional.empty();
            }
            throw new IOException("cannot lock the directory " + directory + " (errno " + why + ")");
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable unexpected) {
            throw new IllegalStateException("native call failed", unexpected);
        }
    }

    @Override
    public synchronized void close() {
        if (!isOpen) {
            return;
        }
        isOpen = false;
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) Calls.CLOSE.invokeExact(arena.allocate(Calls.ERRNO), descriptor);
        } catch (Throwable unexpected) {
            throw new IllegalStateException("native call failed", unexpected);
        }
    }

    /// Bound when first used, so that a configuration can be checked without native access.
    @SuppressWarnings("restricted") // native access is given to the whole program by its start script and manifest
    private static final class Calls {
        static final StructLayout ERRNO = Linker.Option.captureStateLayout();
        static final MethodHandle OPEN = bind("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
        static final MethodHandle FLOCK = bind("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
        static final MethodHandle CLOSE = bind("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

        private static MethodHandle bind(String name, FunctionDescriptor shape) {
            Linker linker = Linker.nativeLinker();
            Linker.Option capture = Linker.Option.captureCallState("errno");
            MemorySegment function = linker.defaultLookup().findOrThrow(name);
            return name.equals("open")
                    ? linker.downcallHandle(function, shape, capture, Linker.Option.firstVariadicArg(2))
                    : linker.downcallHandle(function, shape, capture);
        }

        static int number(MemorySegment errno) {
            return errno.get(ValueLayout.JAVA_INT, ERRNO.byteOffset(StructLayout.PathElement.groupElement("errno")));
        }
    }
}
