// What a transaction does for erasures.
#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"
#include "libs/store/sqlite/transaction.h"

namespace polku::store::sqlite {
namespace {

constexpr char kInsertErasure[] =
    "INSERT INTO erasure(key_id, first_version) VALUES(?1, ?2) ON CONFLICT(key_id) DO NOTHING";
constexpr char kDeleteErasure[] = "DELETE FROM erasure WHERE key_id = ?1";
constexpr char kDeleteAliases[] = "DELETE FROM alias WHERE key_id = ?1";
constexpr char kFindContent[] = "SELECT version, public_version, content FROM aggregate WHERE key_id = ?1";
constexpr char kWriteTombstone[] =
    "INSERT INTO aggregate(key_id, version, public_version, schema, content, last_sequence) "
    "VALUES(?1, ?2, ?3, 0, ?4, 0) ON CONFLICT(key_id) DO UPDATE SET version = ?2, public_version = ?3, schema = 0, "
    "content = ?4, due_at = NULL";

// Tables whose rows have no index by owner. They are walked in order of their number, all erasures
// of a sweep together.
struct Walked {
  const char* read;  // Number and key text of rows above ?1, at most ?2.
  const char* remove;
};
constexpr Walked kWalked[] = {
    {"SELECT s.sequence, k.text FROM step s JOIN aggregate_key k ON k.id = s.key_id WHERE s.sequence > ?1 "
     "ORDER BY s.sequence LIMIT ?2",
     "DELETE FROM step WHERE sequence = ?1"},
    {"SELECT id, key FROM parked WHERE id > ?1 ORDER BY id LIMIT ?2", "DELETE FROM parked WHERE id = ?1"},
    {"SELECT id, key FROM dead_letter WHERE id > ?1 ORDER BY id LIMIT ?2", "DELETE FROM dead_letter WHERE id = ?1"},
    // x'4b': the reply outlives the key.
    {"SELECT r.rowid, CASE substr(r.content, 1, 1) WHEN x'4b' THEN '' ELSE k.text END FROM request r "
     "JOIN aggregate_key k ON k.id = r.key_id WHERE r.rowid > ?1 ORDER BY r.rowid LIMIT ?2",
     "DELETE FROM request WHERE rowid = ?1"},
};

// A cursor is the table that is walked, from 1, and the number of the row behind which to go on.
constexpr int kRowBits = 56;

// The names below an owner are those between "clients/C/" and "clients/C0".
std::string Owned(const std::string& column) {
  if (column != kKeyId) return absl::StrCat(column, " = ?1 OR (", column, " > ?2 AND ", column, " < ?3)");
  return absl::StrCat(column, " IN (SELECT id FROM aggregate_key WHERE ", Owned("text"), ")");
}

}  // namespace

absl::Status SqliteTransaction::AppendErasures(absl::Span<const Erasure> erasures) {
  RETURN_IF_ERROR(Usable());
  for (const Erasure& erasure : erasures) {
    if (!session()->sealer->IsSealed(erasure.key)) {
      return absl::InvalidArgumentError(absl::StrCat("aggregate ", erasure.key, " is not sealed: no key to destroy"));
    }
    ASSIGN_OR_RETURN(const int64_t key_id, session()->keys.FindOrAdd(erasure.key));
    RETURN_IF_ERROR(WriteTombstone(key_id, erasure).status());
    ASSIGN_OR_RETURN(Statement * insert, session()->connection->Get(kInsertErasure));
    insert->Bind(1, key_id);
    insert->Bind(2, erasure.first_version);
    RETURN_IF_ERROR(insert->Run());
    ASSIGN_OR_RETURN(Statement * remove, session()->connection->Get(kDeleteAliases));
    remove->Bind(1, key_id);
    RETURN_IF_ERROR(remove->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::DeleteErasures(absl::Span<const std::string> keys) {
  RETURN_IF_ERROR(Usable());
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const std::optional<int64_t> key_id, session()->keys.Find(key));
    if (!key_id.has_value()) continue;
    ASSIGN_OR_RETURN(Statement * remove, session()->connection->Get(kDeleteErasure));
    remove->Bind(1, *key_id);
    RETURN_IF_ERROR(remove->Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SqliteTransaction::DeleteOwnedIndexRows(const std::string& owner, int64_t rows_max) {
  int64_t deleted = 0;
  for (const OwnedColumn& owned : session()->owned_columns) {
    if (deleted >= rows_max) break;
    const std::string sql =
        absl::StrCat("DELETE FROM ", owned.table, " WHERE (", owned.key_columns, ") IN (SELECT ", owned.key_columns,
                     " FROM ", owned.table, " WHERE ", Owned(owned.column), " LIMIT ?4)");
    ASSIGN_OR_RETURN(Statement * remove, session()->connection->GetText(sql));
    const std::string above = absl::StrCat(owner, "/");
    const std::string below = absl::StrCat(owner, "0");
    remove->BindText(1, owner);
    remove->BindText(2, above);
    remove->BindText(3, below);
    remove->Bind(4, rows_max - deleted);
    RETURN_IF_ERROR(remove->Run());
    deleted += session()->connection->changes();
  }
  return deleted;
}

absl::StatusOr<int64_t> SqliteTransaction::DeleteOwned(absl::Span<const std::string> keys, int64_t cursor,
                                                       int rows_max) {
  RETURN_IF_ERROR(Usable());
  std::set<std::string, std::less<>> owners;
  for (const std::string& key : keys) owners.insert(std::string(OwnerOf(key)));
  int64_t left = rows_max;
  int64_t table = cursor >> kRowBits;
  int64_t after = cursor & ((int64_t{1} << kRowBits) - 1);
  if (table == 0) {
    for (const std::string& owner : owners) {
      ASSIGN_OR_RETURN(const int64_t deleted, DeleteOwnedIndexRows(owner, left));
      left -= deleted;
      if (left <= 0) return int64_t{1} << (kRowBits - 1);  // Index rows are left: begin with them again.
    }
    table = 1;
    after = 0;
  }
  for (; table <= static_cast<int64_t>(std::size(kWalked)) && left > 0; ++table, after = 0) {
    const Walked& walked = kWalked[table - 1];
    ASSIGN_OR_RETURN(Statement * read, session()->connection->Get(walked.read));
    read->Bind(1, after);
    read->Bind(2, left);
    std::vector<int64_t> found;
    int64_t seen = 0;
    for (;; ++seen) {
      ASSIGN_OR_RETURN(const bool row, read->Step());
      if (!row) break;
      after = read->Int(0);
      if (owners.contains(OwnerOf(read->Text(1)))) found.push_back(after);
    }
    RETURN_IF_ERROR(DeleteEach(walked.remove, found));
    left -= seen;
    if (left <= 0) break;
  }
  if (table > static_cast<int64_t>(std::size(kWalked))) return 0;
  return (table << kRowBits) | after;
}

absl::StatusOr<int64_t> SqliteTransaction::WriteTombstone(int64_t key_id, const Erasure& erasure) {
  StoredAggregate tombstone;
  tombstone.key = erasure.key;
  tombstone.version = erasure.version;
  tombstone.public_version = erasure.public_version;
  ASSIGN_OR_RETURN(Statement * find, session()->connection->Get(kFindContent));
  find->Bind(1, key_id);
  ASSIGN_OR_RETURN(const bool found, find->Step());
  const int64_t version = found ? find->Int(0) : 0;
  if (found) {
    tombstone.version = std::max(tombstone.version, version);
    tombstone.public_version = std::max(tombstone.public_version, find->Int(1));
  }
  find->Reset();
  const Place& place = PlaceOfAggregate(session()->place, tombstone);
  RETURN_IF_ERROR(session()->sealer->WrapKept(place, "", session()->content));
  ASSIGN_OR_RETURN(Statement * write, session()->connection->Get(kWriteTombstone));
  write->Bind(1, key_id);
  write->Bind(2, tombstone.version);
  write->Bind(3, tombstone.public_version);
  write->BindBlob(4, session()->content);
  RETURN_IF_ERROR(write->Run());
  return version;
}

absl::Status SqliteTransaction::Reapply(const Erasure& erasure) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const int64_t key_id, session()->keys.FindOrAdd(erasure.key));
  ASSIGN_OR_RETURN(Statement * find, session()->connection->Get(kFindContent));
  find->Bind(1, key_id);
  ASSIGN_OR_RETURN(const bool found, find->Step());
  const bool erased = found && RowSealer::IsKept(find->Bytes(2));
  find->Reset();
  if (erased) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t version, WriteTombstone(key_id, erasure));
  // What lay between the copy and the erasure is not there any more: the events begin a new chain.
  if (version < erasure.version && !erasure.events.empty()) {
    heads_[key_id] = Head();
    RETURN_IF_ERROR(AppendJournal(erasure.events));
  }
  return AppendErasures({erasure});
}

}  // namespace polku::store::sqlite
