// The tables of every service database in SQLite, and what is checked before a file is used.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"
#include "libs/store/sqlite/connection.h"

namespace polku::store::sqlite {

// Version of the core tables. A file with a newer one is refused.
inline constexpr int kCoreSchema = 5;

// True for a file without any table. Errors: kFailedPrecondition when it has tables but is not ours.
absl::StatusOr<bool> IsNew(Connection& connection);
// Makes the core tables in one transaction, with epoch 1.
absl::Status CreateCore(Connection& connection, absl::string_view service, absl::string_view database_id);
// Errors: kFailedPrecondition when the file is of another service or belongs to another key file; those of CheckTables.
absl::Status CheckCore(Connection& connection, const Options& options, absl::string_view database_id);
// Brings the core tables of an older file to kCoreSchema, in one transaction.
absl::Status UpgradeCore(Connection& connection);
// Applies what is missing, each in a transaction of its own.
absl::Status Migrate(Connection& connection, const Options& options);
absl::StatusOr<int64_t> ReadEpoch(Connection& connection);

// A text column of an index table's primary key: it may name an owner. Or `key_id` (dialect.h).
struct OwnedColumn {
  std::string table;
  std::string key_columns;  // Joined by ", ".
  std::string column;
};
// Of all tables that migrations have made.
absl::StatusOr<std::vector<OwnedColumn>> ReadOwnedColumns(Connection& connection);

}  // namespace polku::store::sqlite
