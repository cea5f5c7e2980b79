package dev.lockstep.materialize;

import dev.lockstep.model.Content;
import dev.lockstep.model.EntryId;
import dev.lockstep.model.RelativePath;
import dev.lockstep.model.Revision;

/// A file that stood in the folder and does no longer.
///
/// @param entry    whose file it was
/// @param revision that it holds, as long as nobody writes to it
/// @param content  of that revision
/// @param path     where it stood
/// @param staged   where it lies in the state directory
/// @param isOld    whether the content gave way, and becomes history; else it stands in the folder as before, and
///     becomes history only if it gives way later
public record DisplacedFile(
        EntryId entry,
        Revision revision,
        Content.File content,
        RelativePath path,
        RelativePath staged,
        boolean isOld) {}
