// A connection with what reading and writing on it need.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/store/bounded_cache.h"
#include "libs/store/database.h"
#include "libs/store/places.h"
#include "libs/store/postgres/connection.h"
#include "libs/store/postgres/schema.h"
#include "libs/store/sealing.h"

namespace polku::store::postgres {

// Numbers of texts in one of the tables `aggregate_key` and `name`. Numbers never change, so
// that they are remembered; those of a transaction that rolls back are forgotten.
class Dictionary {
 public:
  Dictionary(Connection& connection, const char* find_sql, const char* add_sql, size_t cached_max)
      : connection_(connection), find_sql_(find_sql), add_sql_(add_sql), cache_(cached_max) {}

  // One per text, 0 where it has none. With `add` it gets one; only inside a write transaction.
  absl::StatusOr<std::vector<int64_t>> FindAll(absl::Span<const absl::string_view> texts, bool add);
  absl::StatusOr<int64_t> Find(absl::string_view text, bool add);
  void Committed() { added_.clear(); }
  void RolledBack();

 private:
  Connection& connection_;
  const char* const find_sql_;
  const char* const add_sql_;
  BoundedCache<int64_t> cache_;
  std::vector<std::string> added_;
};

// An index table as it is in this database.
struct KnownShape {
  TableShape shape;
  std::vector<Oid> types;  // Of the key columns, then the value columns.
  std::string upsert;
  std::string remove;
};

// Thread-compatible; used by one reader or transaction at a time.
class Session {
 public:
  Session(std::unique_ptr<Connection> opened, const RowSealer* row_sealer, size_t cached_keys_max);

  // Errors: kFailedPrecondition when no transaction is open; kUnavailable when the connection is lost.
  absl::Status Usable() const;
  void Rollback();

  const std::unique_ptr<Connection> connection;
  const RowSealer* const sealer;
  Dictionary keys;
  Dictionary names;
  std::vector<OwnedColumn> owned_columns;  // Of the writing session only.
  std::string program;                     // Stands before the holder of a lease: PostgresOptions::program, "/".
  // By the address of the shape; the copy tells when another shape stands there.
  absl::flat_hash_map<const TableShape*, KnownShape> shapes;
  // Reused from row to row.
  Place place;
  std::string content;
};

}  // namespace polku::store::postgres
