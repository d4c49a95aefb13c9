#include "libs/store/postgres/session.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::store::postgres {
namespace {

constexpr size_t kNamesMax = 2000;

// Another program may add the same text at the same time: the insert waits for it and does nothing, and the statement
// behind it sees what it has committed.
#define POLKU_FIND(table) "SELECT q.n, k.id FROM unnest($1) WITH ORDINALITY q(text, n) JOIN " table " k USING (text)"
#define POLKU_ADD(table)                                           \
  "INSERT INTO " table                                             \
  "(text) SELECT q.text FROM unnest($1) q(text) WHERE NOT EXISTS " \
  "(SELECT 1 FROM " table " k WHERE k.text = q.text) ON CONFLICT (text) DO NOTHING"
constexpr char kFindKeys[] = POLKU_FIND("aggregate_key");
constexpr char kAddKeys[] = POLKU_ADD("aggregate_key");
constexpr char kFindNames[] = POLKU_FIND("name");
constexpr char kAddNames[] = POLKU_ADD("name");
#undef POLKU_FIND
#undef POLKU_ADD

}  // namespace

absl::StatusOr<std::vector<int64_t>> Dictionary::FindAll(absl::Span<const absl::string_view> texts, bool add) {
  std::vector<int64_t> ids(texts.size(), 0);
  std::vector<size_t> missing;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (const int64_t* id = cache_.Find(texts[i])) {
      ids[i] = *id;
    } else {
      missing.push_back(i);
    }
  }
  if (missing.empty()) return ids;
  // All programs add in this order: they wait for each other and not in a circle.
  std::sort(missing.begin(), missing.end(), [&texts](size_t a, size_t b) { return texts[a] < texts[b]; });
  Texts asked;
  for (const size_t i : missing) asked.Add(texts[i]);
  if (add) RETURN_IF_ERROR(connection_.Send(add_sql_, asked));
  ASSIGN_OR_RETURN(const Result found, connection_.Run(find_sql_, asked));
  for (int row = 0; row < found.rows(); ++row) {
    const size_t i = missing[found.Int(row, 0) - 1];
    ids[i] = found.Int(row, 1);
    cache_.Put(texts[i], ids[i]);
    if (add) added_.emplace_back(texts[i]);
  }
  return ids;
}

absl::StatusOr<int64_t> Dictionary::Find(absl::string_view text, bool add) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, FindAll({text}, add));
  return ids.front();
}

void Dictionary::RolledBack() {
  for (const std::string& text : added_) cache_.Erase(text);
  added_.clear();
}

Session::Session(std::unique_ptr<Connection> opened, const RowSealer* row_sealer, size_t cached_keys_max)
    : connection(std::move(opened)),
      sealer(row_sealer),
      keys(*connection, kFindKeys, kAddKeys, cached_keys_max),
      names(*connection, kFindNames, kAddNames, kNamesMax) {}

absl::Status Session::Usable() const {
  if (!connection->alive()) {
    return absl::UnavailableError(absl::StrCat("database ", connection->name(), ": the connection is lost"));
  }
  if (connection->in_transaction()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("database ", connection->name(), ": the transaction has ended"));
}

void Session::Rollback() {
  connection->Rollback();
  keys.RolledBack();
  names.RolledBack();
}

}  // namespace polku::store::postgres
