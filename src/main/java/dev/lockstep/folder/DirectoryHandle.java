package dev.lockstep.folder;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.RelativePath;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// An open directory: it stays the same directory wherever it is moved meanwhile. One thread at a time.
public final class DirectoryHandle implements AutoCloseable {
    private static final int NAME_OFFSET = 19;

    private final RelativePath path;
    private final ScratchPool scratches;
    private final Descriptor descriptor;

    DirectoryHandle(RelativePath path, ScratchPool scratches, Descriptor descriptor) {
        this.path = path;
        this.scratches = scratches;
        this.descriptor = descriptor;
    }

    /// All records, in no order; `.` and `..` left out. Once per handle: the kernel reads on where the last
    /// list ended.
    ///
    /// @throws FolderException also when reading breaks off in the middle
    public List<DirectoryItem> list() throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            List<DirectoryItem> items = new ArrayList<>();
            while (true) {
                long bytes = NativeCalls.call(
                        scratch, SystemCall.GETDENTS64, number, scratch.io().address(), Scratch.IO_BYTES, 0);
                if (NativeFolderRoot.require(bytes, "list", path) == 0) {
                    return items;
                }
                decode(scratch.io(), bytes, items);
            }
        } finally {
            scratches.give(scratch);
            descriptor.release();
        }
    }

    /// Records of getdents64(2): inode 8, position 8, length 2, type 1, name ended by a zero.
    private static void decode(MemorySegment records, long bytes, List<DirectoryItem> items) {
        for (long at = 0; at < bytes; at += records.get(ValueLayout.JAVA_SHORT, at + 16) & 0xffff) {
            long end = at + NAME_OFFSET;
            while (records.get(ValueLayout.JAVA_BYTE, end) != 0) {
                end++;
            }
            byte[] name = new byte[(int) (end - at - NAME_OFFSET)];
            MemorySegment.copy(records, ValueLayout.JAVA_BYTE, at + NAME_OFFSET, name, 0, name.length);
            if (!isDots(name)) {
                int type = records.get(ValueLayout.JAVA_BYTE, at + NAME_OFFSET - 1);
                items.add(new DirectoryItem(Bytes.wrap(name), Kind.ofDirectoryType(type)));
            }
        }
    }

    private static boolean isDots(byte[] name) {
        return name[0] == '.' && (name.length == 1 || (name.length == 2 && name[1] == '.'));
    }

    /// Makes the names in the directory durable.
    public void fsync() throws FolderException {
        int number = descriptor.acquire();
        Scratch scratch = scratches.take();
        try {
            NativeFolderRoot.require(NativeCalls.call(scratch, SystemCall.FSYNC, number), "sync directory", path);
        } finally {
            scratches.give(scratch);
            descriptor.release();
        }
    }

    RelativePath path() {
        return path;
    }

    Descriptor descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        descriptor.close();
    }
}
