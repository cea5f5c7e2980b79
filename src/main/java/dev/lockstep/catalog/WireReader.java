package dev.lockstep.catalog;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.lockstep.model.Bytes;
import java.io.IOException;

/// Reads one message in the protobuf wire format. Fields of unknown number are skipped; groups, and a known
/// field of
/// another type, are refused.
final class WireReader {
    private final CodedInputStream in;
    private int tag;

    WireReader(Bytes bytes) {
        this(bytes.unsafeArray());
    }

    private WireReader(byte[] bytes) {
        in = CodedInputStream.newInstance(bytes);
    }

    /// Goes to the next field.
    ///
    /// @return its number, 0 at the end
    /// @throws IOException if the bytes are no message
    int next() throws IOException {
        tag = in.readTag();
        int type = WireFormat.getTagWireType(tag);
        if (tag != 0 && (type == WireFormat.WIRETYPE_START_GROUP || type == WireFormat.WIRETYPE_END_GROUP)) {
            throw new InvalidProtocolBufferException("a group");
        }
        return WireFormat.getTagFieldNumber(tag);
    }

    void skip() throws IOException {
        in.skipField(tag);
    }

    long number() throws IOException {
        require(WireFormat.WIRETYPE_VARINT);
        return in.readUInt64();
    }

    int smallNumber() throws IOException {
        long value = number();
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw new InvalidProtocolBufferException("a number too large");
        }
        return (int) value;
    }

    long signed() throws IOException {
        require(WireFormat.WIRETYPE_VARINT);
        return in.readSInt64();
    }

    Bytes bytes() throws IOException {
        require(WireFormat.WIRETYPE_LENGTH_DELIMITED);
        return Bytes.wrap(in.readByteArray());
    }

    String text() throws IOException {
        require(WireFormat.WIRETYPE_LENGTH_DELIMITED);
        return in.readStringRequireUtf8();
    }

    WireReader message() throws IOException {
        require(WireFormat.WIRETYPE_LENGTH_DELIMITED);
        return new WireReader(in.readByteArray());
    }

    private void require(int wireType) throws IOException {
        if (WireFormat.getTagWireType(tag) != wireType) {
            throw new InvalidProtocolBufferException("a field of another type");
        }
    }
}
