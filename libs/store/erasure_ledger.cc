#include "libs/store/erasure_ledger.h"

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"

namespace polku::store {
namespace {

using sqlite::Statement;

constexpr char kCreate[] =
    "CREATE TABLE IF NOT EXISTS ledger(one INTEGER PRIMARY KEY, database_id BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS erasure(key TEXT PRIMARY KEY, content BLOB NOT NULL, first_version INTEGER NOT NULL, "
    "version INTEGER NOT NULL, public_version INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS event(key TEXT, version INTEGER, public_version INTEGER NOT NULL, type TEXT NOT NULL, "
    "time INTEGER, traceparent TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY(key, version)) WITHOUT ROWID;";
constexpr char kSetDatabase[] =
    "INSERT INTO ledger(one, database_id) VALUES(1, ?1) ON CONFLICT(one) DO UPDATE SET database_id = ?1 "
    "WHERE NOT EXISTS (SELECT 1 FROM erasure)";
constexpr char kInsert[] =
    "INSERT INTO erasure(key, content, first_version, version, public_version) VALUES(?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT(key) DO NOTHING";
constexpr char kInsertEvent[] =
    "INSERT INTO event(key, version, public_version, type, time, traceparent, content) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr char kRead[] =
    "SELECT key, content, first_version, version, public_version FROM erasure WHERE key > ?1 ORDER BY key LIMIT ?2";
constexpr char kReadEvents[] =
    "SELECT version, public_version, type, time, traceparent, content FROM event WHERE key = ?1 ORDER BY version";

const Place& PlaceOf(Place& place, const Erasure& erasure) {
  return place.Start("erasure")
      .Text(erasure.key)
      .Number(erasure.first_version)
      .Number(erasure.version)
      .Number(erasure.public_version);
}

const Place& PlaceOf(Place& place, const JournalRow& event) {
  const Value time = FromTime(event.time);
  return place.Start("event")
      .Text(event.key)
      .Number(event.version)
      .Number(event.public_version)
      .Text(event.type)
      .Number(time.index() == 0 ? 0 : std::get<int64_t>(time))
      .Text(event.traceparent);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ErasureLedger>> ErasureLedger::Open(const ErasureLedgerOptions& options) {
  sqlite::ConnectionOptions file;
  file.path = options.path;
  file.vfs = options.vfs;
  file.exclusive = options.exclusive;
  ASSIGN_OR_RETURN(std::unique_ptr<sqlite::Connection> connection, sqlite::Connection::Open(file));
  std::unique_ptr<ErasureLedger> ledger(new ErasureLedger(std::move(connection)));
  RETURN_IF_ERROR(ledger->Prepare(options.database_id));
  return ledger;
}

absl::Status ErasureLedger::Prepare(const std::string& database_id) {
  RETURN_IF_ERROR(connection_->Execute(kCreate));
  ASSIGN_OR_RETURN(Statement * set, connection_->Get(kSetDatabase));
  set->BindBlob(1, database_id);
  RETURN_IF_ERROR(set->Run());
  ASSIGN_OR_RETURN(const Value id, connection_->One("SELECT database_id FROM ledger"));
  if (id == Value(Blob{database_id})) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("erasure ledger ", connection_->path(), ": holds erasures of another database"));
}

absl::Status ErasureLedger::Insert(absl::Span<const Erasure> erasures) {
  ASSIGN_OR_RETURN(Statement * insert, connection_->Get(kInsert));
  ASSIGN_OR_RETURN(Statement * insert_event, connection_->Get(kInsertEvent));
  std::string content;
  for (const Erasure& erasure : erasures) {
    RETURN_IF_ERROR(sealer_.Wrap(erasure.key, PlaceOf(place_, erasure), "", content));
    insert->BindText(1, erasure.key);
    insert->BindBlob(2, content);
    insert->Bind(3, erasure.first_version);
    insert->Bind(4, erasure.version);
    insert->Bind(5, erasure.public_version);
    RETURN_IF_ERROR(insert->Run());
    if (connection_->changes() == 0) continue;
    for (const JournalRow& event : erasure.events) {
      RETURN_IF_ERROR(sealer_.Wrap(event.key, PlaceOf(place_, event), event.payload, content));
      insert_event->BindText(1, event.key);
      insert_event->Bind(2, event.version);
      insert_event->Bind(3, event.public_version);
      insert_event->BindText(4, event.type);
      insert_event->BindValue(5, FromTime(event.time));
      insert_event->BindText(6, event.traceparent);
      insert_event->BindBlob(7, content);
      RETURN_IF_ERROR(insert_event->Run());
    }
  }
  return connection_->Commit();
}

absl::Status ErasureLedger::Append(absl::Span<const Erasure> erasures) {
  if (erasures.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(connection_->checkpoint_status());
  RETURN_IF_ERROR(connection_->Execute("BEGIN IMMEDIATE"));
  if (absl::Status status = Insert(erasures); !status.ok()) {
    connection_->Rollback();
    return status;
  }
  // Whoever copies the file alone shall have everything.
  return connection_->Execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

absl::StatusOr<std::vector<JournalRow>> ErasureLedger::ReadEvents(const std::string& key) {
  ASSIGN_OR_RETURN(Statement * read, connection_->Get(kReadEvents));
  read->BindText(1, key);
  std::vector<JournalRow> events;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, read->Step());
    if (!found) return events;
    JournalRow& event = events.emplace_back();
    event.key = key;
    event.version = read->Int(0);
    event.public_version = read->Int(1);
    event.type = std::string(read->Text(2));
    event.time = ToTime(read->IsNull(3) ? Value() : Value(read->Int(3)));
    event.traceparent = std::string(read->Text(4));
    event.outlives_key = true;
    absl::StatusOr<std::string> payload = sealer_.Unwrap(key, PlaceOf(place_, event), read->Bytes(5));
    if (!payload.ok()) {
      read->Reset();
      return payload.status();
    }
    event.payload = *std::move(payload);
  }
}

absl::StatusOr<std::vector<Erasure>> ErasureLedger::Read(absl::string_view after_key, int limit) {
  ASSIGN_OR_RETURN(Statement * read, connection_->Get(kRead));
  read->BindText(1, after_key);
  read->Bind(2, limit);
  std::vector<Erasure> erasures;
  while (true) {
    ASSIGN_OR_RETURN(const bool found, read->Step());
    if (!found) break;
    Erasure& erasure = erasures.emplace_back();
    erasure.key = std::string(read->Text(0));
    erasure.first_version = read->Int(2);
    erasure.version = read->Int(3);
    erasure.public_version = read->Int(4);
    const absl::Status whole = sealer_.Unwrap(erasure.key, PlaceOf(place_, erasure), read->Bytes(1)).status();
    if (!whole.ok()) {
      read->Reset();
      return whole;
    }
  }
  for (Erasure& erasure : erasures) {
    ASSIGN_OR_RETURN(erasure.events, ReadEvents(erasure.key));
  }
  return erasures;
}

}  // namespace polku::store
