package dev.lockstep.it;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// What stands below a directory.
///
/// @param items  by path as [RawName] spells it
/// @param stamps inode, size, mtime and ctime of each entry: they tell whether it was touched between two looks
record TreeImage(SortedMap<String, Item> items, SortedMap<String, String> stamps) {
    private static final String MARKER = ".lockstep";
    private static final int DIFFERENCES_SHOWN = 25;

    /// @param mode    of a file, as `ls` shows it; empty for others
    /// @param content digest of a file, target of a symlink, else empty
    record Item(String type, long sizeBytes, String mode, String content) {
        @Override
        public String toString() {
            String start = content.length() > 12 && "file".equals(type) ? content.substring(0, 12) : content;
            return String.join(" ", type, Long.toString(sizeBytes), mode, start).strip();
        }
    }

    TreeImage {
        items = Collections.unmodifiableSortedMap(new TreeMap<>(items));
        stamps = Collections.unmodifiableSortedMap(new TreeMap<>(stamps));
    }

    /// A node's whole folder: everything but the marker at its root.
    static TreeImage ofFolder(Path folder) throws IOException {
        TreeImage all = of(folder);
        SortedMap<String, Item> items = new TreeMap<>(all.items);
        SortedMap<String, String> stamps = new TreeMap<>(all.stamps);
        items.keySet().removeIf(TreeImage::isMarker);
        stamps.keySet().removeIf(TreeImage::isMarker);
        return new TreeImage(items, stamps);
    }

    private static boolean isMarker(String path) {
        return path.equals(MARKER) || path.startsWith(MARKER + "/");
    }

    /// Entries that vanish while they are looked at are left out.
    static TreeImage of(Path root) throws IOException {
        SortedMap<String, Item> items = new TreeMap<>();
        SortedMap<String, String> stamps = new TreeMap<>();
        walk(root, root, items, stamps);
        return new TreeImage(items, stamps);
    }

    private static void walk(Path root, Path directory, Map<String, Item> items, Map<String, String> stamps)
            throws IOException {
        List<Path> children = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            stream.forEach(children::add);
        } catch (NoSuchFileException gone) {
            return;
        }
        for (Path child : children) {
            try {
                String name = RawName.of(root, child);
                Item item = look(child);
                stamps.put(name, stamp(child));
                items.put(name, item);
                if ("directory".equals(item.type)) {
                    walk(root, child, items, stamps);
                }
            } catch (NoSuchFileException gone) {
                // It left while we looked: a later look tells.
            }
        }
    }

    private static Item look(Path path) throws IOException {
        var seen = Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (seen.isSymbolicLink()) {
            return new Item("link", 0, "", Files.readSymbolicLink(path).toString());
        }
        if (seen.isDirectory()) {
            return new Item("directory", 0, "", "");
        }
        if (!seen.isRegularFile()) {
            return new Item("special", 0, "", "");
        }
        return new Item("file", seen.size(), PosixFilePermissions.toString(seen.permissions()), content(path));
    }

    private static String content(Path path) throws IOException {
        try {
            return Sha256.of(path);
        } catch (AccessDeniedException e) {
            return "unreadable";
        }
    }

    private static String stamp(Path path) throws IOException {
        var seen = Files.readAttributes(path, "unix:ino,mode,size,lastModifiedTime,ctime", LinkOption.NOFOLLOW_LINKS);
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            return "inode " + seen.get("ino");
        }
        return new TreeMap<>(seen).toString();
    }

    /// The same without FIFOs, sockets and devices, which are never replicated.
    TreeImage replicated() {
        SortedMap<String, Item> kept = new TreeMap<>(items);
        kept.values().removeIf(item -> "special".equals(item.type));
        return new TreeImage(kept, stamps);
    }

    /// What differs, a line each; empty if nothing does. Stamps do not count.
    List<String> differences(String here, TreeImage other, String there) {
        List<String> lines = new ArrayList<>();
        SortedMap<String, Item> both = new TreeMap<>(items);
        both.putAll(other.items);
        for (String path : both.keySet()) {
            Item mine = items.get(path);
            Item theirs = other.items.get(path);
            if (mine == null) {
                lines.add("only on " + there + ": " + path + " (" + theirs + ")");
            } else if (theirs == null) {
                lines.add("only on " + here + ": " + path + " (" + mine + ")");
            } else if (!mine.equals(theirs)) {
                lines.add(path + ": " + here + " has " + mine + ", " + there + " has " + theirs);
            }
        }
        return lines.size() <= DIFFERENCES_SHOWN ? lines : shortened(lines);
    }

    private static List<String> shortened(List<String> lines) {
        List<String> start = new ArrayList<>(lines.subList(0, DIFFERENCES_SHOWN));
        start.add("and " + (lines.size() - DIFFERENCES_SHOWN) + " more");
        return start;
    }
}
