package dev.lockstep.folder;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/// Reads from proc(5) which processes have a file open for writing, where the kernel gives no lease that would tell.
/// Takes milliseconds: every open file of every process is looked at.
final class ProcWriters {
    private static final Path PROC = Path.of("/proc");
    private static final int ACCESS_MODE = 3;

    /// What can be said.
    enum Found {
        NONE,
        SOME,
        /// None, but a process of another user could not be looked into.
        UNKNOWN
    }

    private ProcWriters() {}

    /// @param file a regular file
    static Found of(Stamp file) {
        Found found = Found.NONE;
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path process : processes) {
                Found one = in(process, file);
                if (one == Found.SOME) {
                    return one;
                }
                found = one == Found.UNKNOWN ? one : found;
            }
            return found;
        } catch (IOException | UncheckedIOException | java.nio.file.DirectoryIteratorException unreadable) {
            return Found.UNKNOWN;
        }
    }

    private static Found in(Path process, Stamp file) {
        try {
            return writes(process, file) || maps(process, file) ? Found.SOME : Found.NONE;
        } catch (NoSuchFileException ended) {
            return Found.NONE;
        } catch (AccessDeniedException foreign) {
            return Found.UNKNOWN;
        } catch (IOException | java.nio.file.DirectoryIteratorException unreadable) {
            // A process that ends meanwhile is seen as "no such process".
            return Files.exists(process.resolve("exe")) ? Found.UNKNOWN : Found.NONE;
        }
    }

    private static boolean writes(Path process, Stamp file) throws IOException {
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path descriptor : descriptors) {
                if (isOf(descriptor, file) && isForWriting(process, descriptor)) {
                    return true;
                }
            }
            return false;
        }
    }

    private static boolean isOf(Path descriptor, Stamp file) throws IOException {
        try {
            Object inode = Files.getAttribute(descriptor, "unix:ino");
            Object device = Files.getAttribute(descriptor, "unix:dev");
            return inode instanceof Long number
                    && number == file.inode()
                    && device instanceof Long packed
                    && device(packed) == file.device();
        } catch (NoSuchFileException closed) {
            return false;
        }
    }

    /// The two parts of `dev_t` as glibc packs them, laid out as in [Stamp#device].
    private static long device(long packed) {
        long major = (packed >>> 8 & 0xfff) | (packed >>> 32 & ~0xfffL);
        long minor = (packed & 0xff) | (packed >>> 12 & 0xffffff00L);
        return major << 32 | minor;
    }

    private static boolean isForWriting(Path process, Path descriptor) throws IOException {
        Path description = process.resolve("fdinfo").resolve(descriptor.getFileName());
        for (String line : lines(description)) {
            if (line.startsWith("flags:")) {
                return (Integer.parseUnsignedInt(line.substring(6).strip(), 8) & ACCESS_MODE) != 0;
            }
        }
        return true;
    }

    /// Mappings name another device than stat(2) on some file systems, so only the inode is compared.
    private static boolean maps(Path process, Stamp file) throws IOException {
        String inode = Long.toUnsignedString(file.inode());
        for (String line : lines(process.resolve("maps"))) {
            String[] fields = line.split(" +", 6);
            if (fields.length >= 5
                    && fields[4].equals(inode)
                    && fields[1].charAt(1) == 'w'
                    && fields[1].endsWith("s")) {
                return true;
            }
        }
        return false;
    }

    private static List<String> lines(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.ISO_8859_1).lines().toList();
    }
}
