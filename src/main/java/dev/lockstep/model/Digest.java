package dev.lockstep.model;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// The identity hash of a content: one byte that names the algorithm, then its value.
///
/// @param bytes tag and value; tag 1 is SHA-256 with 32 bytes
public record Digest(Bytes bytes) implements Comparable<Digest> {
    private static final byte SHA_256 = 1;
    private static final int SHA_256_BYTES = 32;

    /// @throws IllegalArgumentException if the algorithm or the length is unknown
    public Digest {
        if (bytes.size() != SHA_256_BYTES + 1 || bytes.at(0) != SHA_256) {
            throw new IllegalArgumentException("unknown digest: " + bytes);
        }
    }

    public static Digest of(Bytes content) {
        MessageDigest digester = digester();
        digester.update(content.unsafeArray());
        return finish(digester);
    }

    /// A fresh digester for [#finish].
    public static MessageDigest digester() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java platform has SHA-256", missing);
        }
    }

    public static Digest finish(MessageDigest digester) {
        byte[] value = digester.digest();
        byte[] tagged = new byte[value.length + 1];
        tagged[0] = SHA_256;
        System.arraycopy(value, 0, tagged, 1, value.length);
        return new Digest(Bytes.wrap(tagged));
    }

    /// Parses [#toString()].
    ///
    /// @throws IllegalArgumentException if the text is no digest
    public static Digest parse(String hex) {
        return new Digest(Bytes.wrap(java.util.HexFormat.of().parseHex(hex)));
    }

    @Override
    public int compareTo(Digest other) {
        return bytes.compareTo(other.bytes);
    }

    @Override
    public String toString() {
        return bytes.toString();
    }
}
