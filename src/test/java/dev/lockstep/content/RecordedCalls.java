package dev.lockstep.content;

import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A real root that writes down what is asked of it and of the files it makes. Used by one thread.
final class RecordedCalls implements InvocationHandler {
    private final Object real;
    private final List<String> calls;

    private RecordedCalls(Object real, List<String> calls) {
        this.real = real;
        this.calls = calls;
    }

    /// @param calls gets the names of the methods, in the order of the calls
    static FolderRoot of(FolderRoot root, List<String> calls) {
        return proxy(FolderRoot.class, root, calls);
    }

    private static <T> T proxy(Class<T> type, T real, List<String> calls) {
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, new RecordedCalls(real, calls)));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] arguments)
            throws Throwable {
        calls.add(method.getName());
        List<@Nullable Object> plain = new ArrayList<>();
        for (Object argument : arguments == null ? new Object[0] : arguments) {
            boolean isRecorded =
                    argument instanceof Proxy && Proxy.getInvocationHandler(argument) instanceof RecordedCalls;
            plain.add(isRecorded ? ((RecordedCalls) Proxy.getInvocationHandler(argument)).real : argument);
        }
        try {
            Object answer = method.invoke(real, plain.toArray());
            return answer instanceof FileHandle file ? proxy(FileHandle.class, file, calls) : answer;
        } catch (InvocationTargetException failed) {
            throw failed.getCause();
        }
    }
}
