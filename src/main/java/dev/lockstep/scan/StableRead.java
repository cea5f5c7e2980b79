package dev.lockstep.scan;

import dev.lockstep.folder.Stamp;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Digest;
import java.util.Optional;

/// A file's content that did not change while it was read.
///
/// @param content the bytes, if they are few enough to be kept
/// @param stamp   the same before and after the reading
record StableRead(Digest digest, long sizeBytes, Optional<Bytes> content, Stamp stamp) {}
