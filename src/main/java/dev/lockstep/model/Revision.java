package dev.lockstep.model;

/// The version of an entry: the place of the commit that last changed its content.
///
/// @param logIndex log index of the commit, `>= 0`
/// @param position place of the change in the commit, `>= 0`
public record Revision(long logIndex, int position) implements Comparable<Revision> {
    /// The version of what did not exist.
    public static final Revision NONE = new Revision(0, 0);

    public Revision {
        if (logIndex < 0 || position < 0) {
            throw new IllegalArgumentException("not a revision: " + logIndex + "." + position);
        }
    }

    /// @throws IllegalArgumentException if the text is not `index.position`
    public static Revision parse(String text) {
        int dot = text.indexOf('.');
        if (dot < 0) {
            throw new IllegalArgumentException("not a revision (index.position): " + text);
        }
        return new Revision(Long.parseLong(text.substring(0, dot)), Integer.parseInt(text.substring(dot + 1)));
    }

    @Override
    public int compareTo(Revision other) {
        int order = Long.compare(logIndex, other.logIndex);
        return order != 0 ? order : Integer.compare(position, other.position);
    }

    @Override
    public String toString() {
        return logIndex + "." + position;
    }
}
