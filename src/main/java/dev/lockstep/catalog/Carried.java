package dev.lockstep.catalog;

import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The contents that travel in a command, numbered from 1, so that files name them by number: no digest is
/// sent twice,
/// and what a receiver calls a content's digest is what it computed itself.
final class Carried {
    private final List<Content.File> files = new ArrayList<>();
    private final Map<Digest, Integer> numbers = new HashMap<>();
    private final SequencedMap<Digest, Bytes> contents = new LinkedHashMap<>();

    static Carried nothing() {
        return new Carried();
    }

    static Carried of(List<Bytes> contents) {
        Carried carried = new Carried();
        contents.forEach(carried::add);
        return carried;
    }

    void add(Bytes content) {
        Digest digest = Digest.of(content);
        files.add(new Content.File(digest, content.size()));
        numbers.putIfAbsent(digest, files.size());
        contents.putIfAbsent(digest, content);
    }

    /// @return 0 for a file that is not carried
    int numberOf(Content.File file) {
        return numbers.getOrDefault(file.digest(), 0);
    }

    /// @throws IllegalArgumentException without a content of that number
    Content.File file(int number) {
        if (number < 1 || number > files.size()) {
            throw new IllegalArgumentException("no content of number " + number);
        }
        return files.get(number - 1);
    }

    /// @throws IllegalArgumentException if the file claims another size than that of its carried content
    Content.File checked(Content.File file) {
        Bytes content = contents.get(file.digest());
        if (content != null && content.size() != file.sizeBytes()) {
            throw new IllegalArgumentException("a file of " + content.size() + " bytes said to be " + file.sizeBytes());
        }
        return file;
    }

    SequencedMap<Digest, Bytes> contents() {
        return contents;
    }
}
