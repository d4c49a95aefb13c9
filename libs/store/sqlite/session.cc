#include "libs/store/sqlite/session.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::store::sqlite {
namespace {

constexpr char kFindKey[] = "SELECT id FROM aggregate_key WHERE text = ?1";
constexpr char kInsertKey[] = "INSERT INTO aggregate_key(text) VALUES(?1)";
constexpr char kFindName[] = "SELECT id FROM name WHERE text = ?1";
constexpr char kInsertName[] = "INSERT INTO name(text) VALUES(?1)";
constexpr size_t kNamesMax = 2000;

}  // namespace

absl::StatusOr<std::optional<int64_t>> Dictionary::Find(absl::string_view text) {
  if (const int64_t* id = cache_.Find(text)) return std::optional<int64_t>(*id);
  ASSIGN_OR_RETURN(Statement * find, connection_.Get(find_sql_));
  find->BindText(1, text);
  ASSIGN_OR_RETURN(const bool found, find->Step());
  if (!found) return std::optional<int64_t>();
  const int64_t id = find->Int(0);
  find->Reset();
  cache_.Put(text, id);
  return std::optional<int64_t>(id);
}

absl::StatusOr<int64_t> Dictionary::FindOrAdd(absl::string_view text) {
  ASSIGN_OR_RETURN(const std::optional<int64_t> known, Find(text));
  if (known.has_value()) return *known;
  ASSIGN_OR_RETURN(Statement * insert, connection_.Get(insert_sql_));
  insert->BindText(1, text);
  RETURN_IF_ERROR(insert->Run());
  const int64_t id = connection_.last_row_id();
  cache_.Put(text, id);
  added_.emplace_back(text);
  return id;
}

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
  std::sort(missing.begin(), missing.end(), [&texts](size_t a, size_t b) { return texts[a] < texts[b]; });
  for (size_t i : missing) {
    if (add) {
      ASSIGN_OR_RETURN(ids[i], FindOrAdd(texts[i]));
    } else {
      ASSIGN_OR_RETURN(const std::optional<int64_t> id, Find(texts[i]));
      ids[i] = id.value_or(0);
    }
  }
  return ids;
}

void Dictionary::RolledBack() {
  for (const std::string& text : added_) cache_.Erase(text);
  added_.clear();
}

Session::Session(std::unique_ptr<Connection> opened, const RowSealer* row_sealer, size_t cached_keys_max)
    : connection(std::move(opened)),
      sealer(row_sealer),
      keys(*connection, kFindKey, kInsertKey, cached_keys_max),
      names(*connection, kFindName, kInsertName, kNamesMax) {}

absl::Status Session::Usable() const {
  if (connection->in_transaction()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("database ", connection->path(), ": the transaction has ended"));
}

void Session::Rollback() {
  connection->Rollback();
  keys.RolledBack();
  names.RolledBack();
}

}  // namespace polku::store::sqlite
