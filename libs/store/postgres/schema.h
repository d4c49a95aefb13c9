// The tables of every service database in PostgreSQL, and what is checked before a database is used.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"
#include "libs/store/postgres/connection.h"

namespace polku::store::postgres {

// Version of the core tables: that of the SQLite dialect with the same tables. A database with a newer one is refused.
inline constexpr int kCoreSchema = 5;

// What `meta` holds.
struct Meta {
  int64_t core_schema = 0;
  int64_t epoch = 0;
  std::string service;
  std::string database_id;
};

// Programs that open a database at once do so one after the other: the first makes tables, and the keys that belong to
// none of them. Waits; the turn ends with the connection. Errors: kAborted when the other is too slow.
absl::Status TakeTurn(Connection& connection);
// True for a database without any table. Errors: kFailedPrecondition when it has tables but is not ours, or does not
// order texts by their bytes in UTF-8.
absl::StatusOr<bool> IsNew(Connection& connection);
// Makes the core tables in one transaction, with epoch 1.
absl::Status CreateCore(Connection& connection, absl::string_view service, absl::string_view database_id);
absl::StatusOr<Meta> ReadMeta(Connection& connection);
// Errors: kFailedPrecondition when the database is of another service or belongs to another key file; those of
// CheckTables; kDataLoss when its epoch is damaged.
absl::Status CheckCore(Connection& connection, const Meta& meta, const Options& options, absl::string_view database_id);
// Brings older core tables to kCoreSchema, in one transaction.
absl::Status UpgradeCore(Connection& connection, const Meta& meta);
// Applies what is missing, each in a transaction of its own.
absl::Status Migrate(Connection& connection, const Options& options);

// A text column of an index table's primary key: it may name an owner. Or `key_id` (dialect.h).
struct OwnedColumn {
  std::string table;
  std::string key_columns;  // Joined by ", ".
  std::string column;
};
// Of all tables that migrations have made.
absl::StatusOr<std::vector<OwnedColumn>> ReadOwnedColumns(Connection& connection);

}  // namespace polku::store::postgres
