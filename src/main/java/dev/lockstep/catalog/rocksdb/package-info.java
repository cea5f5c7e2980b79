/// The catalog's store on disk, by RocksDB. In and out: as [dev.lockstep.catalog.OrderedStore] says. The only
/// room that
/// imports RocksDB; may use `catalog`.
@NullMarked
package dev.lockstep.catalog.rocksdb;

import org.jspecify.annotations.NullMarked;
