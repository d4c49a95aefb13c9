// A connection with what reading and writing on it need.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
#include "libs/store/sealing.h"
#include "libs/store/sqlite/connection.h"
#include "libs/store/sqlite/schema.h"

namespace polku::store::sqlite {

// Numbers of texts in one of the tables `aggregate_key` and `name`. Numbers never change, so
// that they are remembered; those of a transaction that rolls back are forgotten.
class Dictionary {
 public:
  Dictionary(Connection& connection, const char* find_sql, const char* insert_sql, size_t cached_max)
      : connection_(connection), find_sql_(find_sql), insert_sql_(insert_sql), cache_(cached_max) {}

  // None when the text has no number.
  absl::StatusOr<std::optional<int64_t>> Find(absl::string_view text);
  // Gives one when it has none. Only inside a write transaction.
  absl::StatusOr<int64_t> FindOrAdd(absl::string_view text);
  // One per text, 0 where it has none. Asks in sorted order: neighbours share pages.
  absl::StatusOr<std::vector<int64_t>> FindAll(absl::Span<const absl::string_view> texts, bool add);
  void Committed() { added_.clear(); }
  void RolledBack();

 private:
  Connection& connection_;
  const char* const find_sql_;
  const char* const insert_sql_;
  BoundedCache<int64_t> cache_;
  std::vector<std::string> added_;
};

// Thread-compatible; used by one reader or transaction at a time.
class Session {
 public:
  Session(std::unique_ptr<Connection> opened, const RowSealer* row_sealer, size_t cached_keys_max);

  // Errors: kFailedPrecondition when no transaction is open: SQLite rolls back by itself after
  // some errors, and what came afterwards must not run outside.
  absl::Status Usable() const;
  // All that was opened with Begin. Nothing when it has ended.
  void Rollback();

  const std::unique_ptr<Connection> connection;
  const RowSealer* const sealer;
  Dictionary keys;
  Dictionary names;
  std::vector<OwnedColumn> owned_columns;                 // Of the writing session only.
  absl::flat_hash_map<std::string, std::string> queries;  // Common text -> SQLite's.
  // A shape's statement, by the address of the shape; the copy tells when another shape stands there.
  absl::flat_hash_map<const TableShape*, std::pair<TableShape, std::string>> upserts;
  // Reused from row to row.
  Place place;
  std::string content;
};

}  // namespace polku::store::sqlite
