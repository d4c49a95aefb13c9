#include "libs/store/dialect.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/sealing.h"

namespace polku::store {

absl::Status Take(absl::StatusOr<std::string> opened, std::string& content, bool& erased) {
  erased = IsErased(opened.status());
  if (opened.ok()) content = *std::move(opened);
  return erased ? absl::OkStatus() : opened.status();
}

absl::Status CheckNoTables(absl::string_view database, const Options& options) {
  if (options.migrated_by.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("database ", database, ": has no tables yet; they are made by: ", options.migrated_by));
}

absl::Status CheckCoreTables(absl::string_view database, int64_t core_known, int64_t core_found) {
  if (core_found <= core_known) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("database ", database, ": core tables have version ", core_found,
                                                    ", this program knows ", core_known, ": a newer one is needed"));
}

absl::Status CheckTables(absl::string_view database, const Options& options, int64_t core_known,
                         const TablesFound& found) {
  RETURN_IF_ERROR(CheckCoreTables(database, core_known, found.core));
  int64_t known = 0;
  for (const Migration& migration : options.migrations) known = std::max<int64_t>(known, migration.version);
  if (found.migration > known) {
    return absl::FailedPreconditionError(absl::StrCat("database ", database, ": tables of ", options.service,
                                                      " have version ", found.migration, ", this program knows ", known,
                                                      ": a newer one is needed"));
  }
  if (options.migrated_by.empty() || (found.core == core_known && found.migration == known)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "database ", database, ": tables of ", options.service, " have version ", found.core, ".", found.migration,
      ", this program needs ", core_known, ".", known, "; they are upgraded by: ", options.migrated_by));
}

absl::Status CheckRow(const TableShape& shape, size_t columns, const Row& row) {
  if (row.size() != columns) {
    return absl::InvalidArgumentError(
        absl::StrCat("row of ", shape.table, " has ", row.size(), " values, not ", columns));
  }
  const auto end = row.begin() + static_cast<std::ptrdiff_t>(shape.key_columns.size());
  if (std::any_of(row.begin(), end, [](const Value& value) { return value.index() == 0; })) {
    return absl::InvalidArgumentError(absl::StrCat("row of ", shape.table, " has NULL in its key"));
  }
  if (!IsByKey(shape) || std::holds_alternative<std::string>(row[0])) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("row of ", shape.table, " does not begin with a key"));
}

Value PastPrefix(absl::string_view prefix) {
  std::string past(prefix);
  while (!past.empty() && past.back() == '\xff') past.pop_back();
  if (past.empty()) return Value();
  ++past.back();
  return past;
}

Value DueOf(const StoredAggregate& aggregate) {
  return aggregate.due_at.has_value() ? FromTime(*aggregate.due_at) : Value();
}

}  // namespace polku::store
