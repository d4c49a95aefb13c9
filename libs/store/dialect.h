// What the dialects share beside sealing.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/store/database.h"

namespace polku::store {

// What came of opening a row's content. That its owner was erased is no error of the row.
absl::Status Take(absl::StatusOr<std::string> opened, std::string& content, bool& erased);
// The least text that is above all texts with this prefix; NULL when there is none.
Value PastPrefix(absl::string_view prefix);
// A table whose first key column is this: rows give an aggregate's key there, and the table has its number
// (`aggregate_key.id`, which queries join). For tables that are written much: a key is five times as long as the rest.
inline constexpr char kKeyId[] = "key_id";
inline bool IsByKey(const TableShape& shape) { return shape.key_columns.front() == kKeyId; }
// NULL when nothing is due.
Value DueOf(const StoredAggregate& aggregate);

// Whether the tables of `database` can be used as they are.
// Errors: kFailedPrecondition, naming the database and what mends it: a newer program for a newer version, and with
// Options::migrated_by that command for none and for an older one.
struct TablesFound {
  int64_t core = 0;       // Version of the core tables.
  int64_t migration = 0;  // The newest that was applied.
};
absl::Status CheckTables(absl::string_view database, const Options& options, int64_t core_known,
                         const TablesFound& found);
absl::Status CheckCoreTables(absl::string_view database, int64_t core_known, int64_t core_found);
absl::Status CheckNoTables(absl::string_view database, const Options& options);

// Errors: kInvalidArgument when a row has another number of values than `columns`, NULL in its key, or no text where
// the key of an aggregate belongs.
absl::Status CheckRow(const TableShape& shape, size_t columns, const Row& row);

template <class T, class KeyOf>
std::vector<absl::string_view> KeysOf(absl::Span<const T> rows, KeyOf key_of) {
  static_assert(std::is_same_v<decltype(key_of(rows[0])), const std::string&>, "the views must not outlive the keys");
  std::vector<absl::string_view> keys;
  keys.reserve(rows.size());
  for (const T& row : rows) keys.push_back(key_of(row));
  return keys;
}

}  // namespace polku::store
