// What a transaction does for erasures, and for a database that went back to a backup.
#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"
#include "libs/store/postgres/transaction.h"

namespace polku::store::postgres {
namespace {

constexpr char kSetEpoch[] = "UPDATE meta SET number = $1 WHERE name = 'epoch'";
constexpr char kInsertErasure[] =
    "INSERT INTO erasure(key_id, first_version) VALUES($1, $2) ON CONFLICT(key_id) DO NOTHING";
constexpr char kDeleteErasure[] = "DELETE FROM erasure WHERE key_id = ANY($1)";
constexpr char kDeleteAliases[] = "DELETE FROM alias WHERE key_id = $1";
constexpr char kFindContent[] = "SELECT version, public_version, content FROM aggregate WHERE key_id = $1 FOR UPDATE";
constexpr char kWriteTombstone[] =
    "INSERT INTO aggregate(key_id, version, public_version, schema, content, last_sequence) "
    "VALUES($1, $2, $3, 0, $4, 0) ON CONFLICT (key_id) DO UPDATE SET version = $2, public_version = $3, schema = 0, "
    "content = $4, due_at = NULL";

// Tables whose rows have no index by owner. They are walked in order of their number, all erasures
// of a sweep together.
struct Walked {
  const char* read;  // Number and key text of rows above $1, at most $2.
  const char* remove;
};
constexpr Walked kWalked[] = {
    {"SELECT s.sequence, k.text FROM step s JOIN aggregate_key k ON k.id = s.key_id WHERE s.sequence > $1 "
     "ORDER BY s.sequence LIMIT $2",
     "DELETE FROM step WHERE sequence = ANY($1)"},
    {"SELECT id, key FROM parked WHERE id > $1 ORDER BY id LIMIT $2", "DELETE FROM parked WHERE id = ANY($1)"},
    {"SELECT id, key FROM dead_letter WHERE id > $1 ORDER BY id LIMIT $2",
     "DELETE FROM dead_letter WHERE id = ANY($1)"},
    // 75, 'K': the reply outlives the key.
    {"SELECT r.id, CASE get_byte(r.content, 0) WHEN 75 THEN '' ELSE k.text END FROM request r "
     "JOIN aggregate_key k ON k.id = r.key_id WHERE r.id > $1 ORDER BY r.id LIMIT $2",
     "DELETE FROM request WHERE id = ANY($1)"},
};

// A cursor is the table that is walked, from 1, and the number of the row behind which to go on.
constexpr int kRowBits = 56;

// The names below an owner are those between "clients/C/" and "clients/C0".
std::string Owned(const std::string& column) {
  if (column != kKeyId) return absl::StrCat(column, " = $1 OR (", column, " > $2 AND ", column, " < $3)");
  return absl::StrCat(column, " IN (SELECT id FROM aggregate_key WHERE ", Owned("text"), ")");
}

}  // namespace

absl::Status PostgresTransaction::SetEpoch(int64_t epoch) {
  RETURN_IF_ERROR(Usable());
  return session()->connection->Send(kSetEpoch, Parameter::Number(epoch));
}

absl::Status PostgresTransaction::AppendErasures(absl::Span<const Erasure> erasures) {
  RETURN_IF_ERROR(Usable());
  for (const Erasure& erasure : erasures) {
    if (!session()->sealer->IsSealed(erasure.key)) {
      return absl::InvalidArgumentError(absl::StrCat("aggregate ", erasure.key, " is not sealed: no key to destroy"));
    }
    ASSIGN_OR_RETURN(const int64_t key_id, session()->keys.Find(erasure.key, true));
    RETURN_IF_ERROR(WriteTombstone(key_id, erasure).status());
    RETURN_IF_ERROR(session()->connection->Send(kInsertErasure, Parameter::Number(key_id),
                                                Parameter::Number(erasure.first_version)));
    RETURN_IF_ERROR(session()->connection->Send(kDeleteAliases, Parameter::Number(key_id)));
  }
  return absl::OkStatus();
}

absl::Status PostgresTransaction::DeleteErasures(absl::Span<const std::string> keys) {
  RETURN_IF_ERROR(Usable());
  const std::vector<absl::string_view> texts(keys.begin(), keys.end());
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(texts, false));
  return DeleteAll(kDeleteErasure, ids);
}

absl::StatusOr<int64_t> PostgresTransaction::DeleteOwnedIndexRows(const std::string& owner, int64_t rows_max) {
  int64_t deleted = 0;
  for (const OwnedColumn& owned : session()->owned_columns) {
    if (deleted >= rows_max) break;
    const std::string sql =
        absl::StrCat("DELETE FROM ", owned.table, " WHERE (", owned.key_columns, ") IN (SELECT ", owned.key_columns,
                     " FROM ", owned.table, " WHERE ", Owned(owned.column), " LIMIT $4)");
    const Parameter parameters[] = {Parameter::Text(owner), Parameter::Text(absl::StrCat(owner, "/")),
                                    Parameter::Text(absl::StrCat(owner, "0")), Parameter::Number(rows_max - deleted)};
    RETURN_IF_ERROR(
        session()->connection->SendText(sql, {&parameters[0], &parameters[1], &parameters[2], &parameters[3]}));
    ASSIGN_OR_RETURN(const Result removed, session()->connection->Collect());
    deleted += removed.changes();
  }
  return deleted;
}

absl::StatusOr<int64_t> PostgresTransaction::DeleteOwned(absl::Span<const std::string> keys, int64_t cursor,
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
    ASSIGN_OR_RETURN(const Result seen,
                     session()->connection->Run(walked.read, Parameter::Number(after), Parameter::Number(left)));
    std::vector<int64_t> found;
    for (int row = 0; row < seen.rows(); ++row) {
      after = seen.Int(row, 0);
      if (owners.contains(OwnerOf(seen.Text(row, 1)))) found.push_back(after);
    }
    if (!found.empty()) RETURN_IF_ERROR(DeleteAll(walked.remove, found));
    left -= seen.rows();
    if (left <= 0) break;
  }
  if (table > static_cast<int64_t>(std::size(kWalked))) return 0;
  return (table << kRowBits) | after;
}

absl::StatusOr<int64_t> PostgresTransaction::WriteTombstone(int64_t key_id, const Erasure& erasure) {
  StoredAggregate tombstone;
  tombstone.key = erasure.key;
  tombstone.version = erasure.version;
  tombstone.public_version = erasure.public_version;
  Connection& connection = *session()->connection;
  ASSIGN_OR_RETURN(const Result found, connection.Run(kFindContent, Parameter::Number(key_id)));
  const int64_t version = found.rows() > 0 ? found.Int(0, 0) : 0;
  if (found.rows() > 0) {
    tombstone.version = std::max(tombstone.version, version);
    tombstone.public_version = std::max(tombstone.public_version, found.Int(0, 1));
  }
  const Place& place = PlaceOfAggregate(session()->place, tombstone);
  RETURN_IF_ERROR(session()->sealer->WrapKept(place, "", session()->content));
  RETURN_IF_ERROR(connection.Send(kWriteTombstone, Parameter::Number(key_id), Parameter::Number(tombstone.version),
                                  Parameter::Number(tombstone.public_version), Parameter::Bytes(session()->content)));
  return version;
}

absl::Status PostgresTransaction::Reapply(const Erasure& erasure) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const int64_t key_id, session()->keys.Find(erasure.key, true));
  ASSIGN_OR_RETURN(const Result found, session()->connection->Run(kFindContent, Parameter::Number(key_id)));
  if (found.rows() > 0 && RowSealer::IsKept(found.Text(0, 2))) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t version, WriteTombstone(key_id, erasure));
  // What lay between the copy and the erasure is not there any more: the events begin a new chain.
  if (version < erasure.version && !erasure.events.empty()) {
    heads_[key_id] = Head();
    RETURN_IF_ERROR(AppendJournal(erasure.events));
  }
  return AppendErasures({erasure});
}

}  // namespace polku::store::postgres
