// The store on SQLite: one file and its key file, one process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/random.h"
#include "libs/store/database.h"

namespace polku::store {

struct SqliteOptions {
  Options base;
  std::string path;
  std::string key_path;      // The key file, better on another disk: it is backed up apart.
  std::string ledger_path;   // The erasure ledger (erasure_ledger.h): in no backup. Empty = none, for tests.
  std::string vfs;           // Empty = the machine's files. Otherwise without lock file and file modes.
  Random* random = nullptr;  // Of keys and nonces. Outlives the database. SystemRandom in production.
  // Connections for Read. With 0 it shares the writing one: a reader and a transaction exclude
  // each other, and the files need no shared memory (for simulations).
  int reader_connections = 2;
  int cache_kib = 128 * 1024;       // Pages that the writing connection keeps.
  int reader_cache_kib = 8 * 1024;  // And each reader.
  // Pages of 4 KiB in the write-ahead log at which a commit moves them to the file. More make
  // fewer writes of pages that change again, and a longer pause.
  int checkpoint_pages = 16000;
  // Aggregate keys, and data keys, held in memory, about 150 bytes each. BoundedCache keeps half of it for sure: a feed
  // that tells of all running measures day by day asks for each of them again only behind all the others.
  size_t cached_keys_max = 400000;
  int64_t pages_max = 0;  // 0 = no limit. Beyond it writes give kResourceExhausted.
};

// Makes the files when neither exists. What the ledger says was erased is erased when this returns,
// but for rows that DeleteOwned deletes. Errors: kFailedPrecondition, naming the file, when
// another process has it open, when the key file is missing or of another database, when it
// belongs to another service or has newer tables than this program knows, and as Options::migrated_by says.
absl::StatusOr<std::unique_ptr<Database>> OpenSqlite(const SqliteOptions& options);

}  // namespace polku::store
