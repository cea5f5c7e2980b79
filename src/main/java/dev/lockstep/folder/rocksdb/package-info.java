/// The folder index's records in RocksDB. In and out: as [dev.lockstep.folder.IndexStore] says. May use
/// `folder`.
@NullMarked
package dev.lockstep.folder.rocksdb;

import org.jspecify.annotations.NullMarked;
