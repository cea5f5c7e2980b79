package dev.lockstep.folder;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The door to the kernel: one downcall to `syscall(2)`, which takes whole numbers and addresses. Results are
/// as the kernel gives them: `>= 0`, or a negated errno. Calls that a signal interrupted are made again.
final class NativeCalls {
    static final StructLayout CAPTURE = Linker.Option.captureStateLayout();

    private static final int INTERRUPTED = 4;
    private static final long RESOLVE_BENEATH_WITHOUT_LINKS = 0x08 | 0x04 | 0x02;
    private static final int OPEN_HOW_BYTES = 24;
    private static final MethodHandle SYSCALL = syscall();
    private static final VarHandle ERRNO =
            CAPTURE.varHandle(StructLayout.PathElement.groupElement("errno")).withInvokeExactBehavior();

    private NativeCalls() {}

    @SuppressWarnings("restricted") // every native call of this room passes here
    private static MethodHandle syscall() {
        Linker linker = Linker.nativeLinker();
        var number = ValueLayout.JAVA_LONG;
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow("syscall"),
                FunctionDescriptor.of(number, number, number, number, number, number, number, number),
                Linker.Option.firstVariadicArg(1),
                Linker.Option.captureCallState("errno"));
    }

    static long call(Scratch scratch, SystemCall call, long a, long b, long c, long d, long e, long f) {
        MemorySegment capture = scratch.errno();
        try {
            while (true) {
                long result = (long) SYSCALL.invokeExact(capture, call.number(), a, b, c, d, e, f);
                if (result != -1) {
                    return result;
                }
                int errno = (int) ERRNO.get(capture, 0L);
                if (errno != INTERRUPTED || call == SystemCall.CLOSE) {
                    return -errno;
                }
            }
        } catch (RuntimeException | Error thrown) {
            throw thrown;
        } catch (Throwable impossible) {
            throw new IllegalStateException("a downcall throws nothing checked", impossible);
        }
    }

    static long call(Scratch scratch, SystemCall call, long a, long b, long c, long d) {
        return call(scratch, call, a, b, c, d, 0, 0);
    }

    static long call(Scratch scratch, SystemCall call, long a, long b) {
        return call(scratch, call, a, b, 0, 0, 0, 0);
    }

    static long call(Scratch scratch, SystemCall call, long a) {
        return call(scratch, call, a, 0, 0, 0, 0, 0);
    }

    static void close(Scratch scratch, int descriptor) {
        // An error of close(2) tells of writes that nobody asked to be durable; durability is fsync's business.
        long _ = call(scratch, SystemCall.CLOSE, descriptor);
    }

    static int openat(Scratch scratch, int directory, long path, int flags, int mode) {
        return (int) call(scratch, SystemCall.OPENAT, directory, path, flags, mode);
    }

    /// openat2(2) that stays below `directory` and follows no symlink.
    static int openBeneath(Scratch scratch, int directory, long path, int flags, int mode) {
        MemorySegment how = scratch.struct();
        how.set(ValueLayout.JAVA_LONG, 0, flags);
        how.set(ValueLayout.JAVA_LONG, 8, mode);
        how.set(ValueLayout.JAVA_LONG, 16, RESOLVE_BENEATH_WITHOUT_LINKS);
        return (int) call(scratch, SystemCall.OPENAT2, directory, path, how.address(), OPEN_HOW_BYTES);
    }
}
