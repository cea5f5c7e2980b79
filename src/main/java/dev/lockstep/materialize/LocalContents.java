package dev.lockstep.materialize;

import dev.lockstep.folder.FileHandle;
import dev.lockstep.folder.FolderRoot;
import dev.lockstep.model.Bytes;
import dev.lockstep.model.Content;
import dev.lockstep.model.Digest;
import dev.lockstep.model.RelativePath;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/// The contents that stand on this node, as placing needs them.
public interface LocalContents {
    /// The bytes of a small content that came with the log and are still in memory.
    @Nullable
    Bytes inline(Digest digest);

    /// Moves a content that was received whole to `target`, a free name in `state`.
    ///
    /// @return whether there was one
    boolean takeStaged(Content.File content, FolderRoot state, RelativePath target) throws IOException;

    /// Takes back what [#takeStaged] gave, as it was.
    ///
    /// @param source where it lies in `state`; gone on return
    void putBackStaged(Content.File content, FolderRoot state, RelativePath source) throws IOException;

    /// Copies a content that stands elsewhere on this node, in the folder or in history, into an empty file.
    ///
    /// @return whether it was there, whole and right
    boolean copyTo(Content.File content, FileHandle target) throws IOException;

    /// Keeps a displaced file as history.
    ///
    /// @param displaced where it lies in `state`; gone on return
    void keep(Content.File content, FolderRoot state, RelativePath displaced) throws IOException;
}
