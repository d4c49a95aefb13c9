// The store on PostgreSQL: one database of a server, and the key file of the program.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/random.h"
#include "libs/store/database.h"

namespace polku::store {

struct PostgresOptions {
  Options base;
  // libpq's connection string, "host=/run/postgresql dbname=referral". The database exists and was made with
  // ENCODING 'UTF8' LC_COLLATE 'C'; it has no tables at first.
  std::string target;
  std::string key_path;      // The key file, SQLite's in this dialect too. Programs of one database share it.
  std::string ledger_path;   // The erasure ledger (erasure_ledger.h): in no backup. Empty = none, for tests.
  Random* random = nullptr;  // Of keys and nonces. Outlives the database. SystemRandom in production.
  // "NAME/START", START being a text that is greater each time the program is started under this name: it takes the
  // lease of what ran under the name before it over at once. Empty = the lease of another program is waited for.
  std::string program;
  int reader_connections = 4;
  absl::Duration lock_wait_max = absl::Seconds(10);  // For a row that another program has locked; then kAborted.
  // A program that stands still inside a transaction keeps others waiting no longer: the server ends its connection.
  absl::Duration standstill_max = absl::Seconds(5);
  // Aggregate keys, and data keys, held in memory, about 150 bytes each. BoundedCache keeps half of it for sure: a feed
  // that tells of all running measures day by day asks for each of them again only behind all the others.
  size_t cached_keys_max = 400000;
};

// Makes the tables when there are none, and the key file with them. What the ledger says was erased is erased when this
// returns, but for rows that DeleteOwned deletes. A second program may have the database open: their transactions
// meet with kAborted. Errors: kUnavailable without a connection; kFailedPrecondition when the key file is missing or of
// another database, when it belongs to another service or has newer tables than this program knows, and as
// Options::migrated_by says.
absl::StatusOr<std::unique_ptr<Database>> OpenPostgres(const PostgresOptions& options);

}  // namespace polku::store
