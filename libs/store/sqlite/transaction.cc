#include "libs/store/sqlite/transaction.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"

namespace polku::store::sqlite {
namespace {

// The row may be there with version 0: a key that has had nothing but journal rows.
constexpr char kInsertAggregate[] =
    "INSERT INTO aggregate(key_id, version, public_version, schema, content, last_sequence, due_at) "
    "VALUES(?1, ?2, ?3, ?4, ?5, COALESCE(?6, 0), ?7) ON CONFLICT(key_id) DO UPDATE SET version = ?2, "
    "public_version = ?3, schema = ?4, content = ?5, last_sequence = COALESCE(?6, last_sequence), due_at = ?7 "
    "WHERE version = 0";
constexpr char kUpdateAggregate[] =
    "UPDATE aggregate SET version = ?2, public_version = ?3, schema = ?4, content = ?5, "
    "last_sequence = COALESCE(?6, last_sequence), due_at = ?7 WHERE key_id = ?1 AND version = ?8";
constexpr char kUpdateSameDue[] =
    "UPDATE aggregate SET version = ?2, public_version = ?3, schema = ?4, content = ?5, "
    "last_sequence = COALESCE(?6, last_sequence) WHERE key_id = ?1 AND version = ?7";
constexpr char kInsertJournal[] =
    "INSERT INTO journal(key_id, version, public_version, type_id, time, traceparent, content, previous) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
constexpr char kFindHead[] =
    "SELECT a.last_sequence, j.version FROM aggregate a LEFT JOIN journal j ON j.sequence = a.last_sequence "
    "WHERE a.key_id = ?1";
constexpr char kWriteHead[] = "UPDATE aggregate SET last_sequence = ?2 WHERE key_id = ?1";
constexpr char kInsertHead[] =
    "INSERT INTO aggregate(key_id, version, public_version, schema, last_sequence, content) "
    "VALUES(?1, 0, 0, 0, ?2, ?3)";
constexpr char kFindKeyText[] = "SELECT text FROM aggregate_key WHERE id = ?1";
constexpr char kInsertOutbox[] = "INSERT INTO outbox(sequence) VALUES(?1)";
constexpr char kDeleteOutbox[] = "DELETE FROM outbox WHERE sequence = ?1";
constexpr char kInsertStep[] =
    "INSERT INTO step(id, key_id, type_id, traceparent, content) VALUES(?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT(id) DO NOTHING";
constexpr char kDeleteStep[] = "DELETE FROM step WHERE id = ?1";
constexpr char kSaveRequest[] =
    "INSERT INTO request(scope, request_id, key_id, time, field_hashes, reply_type_id, content) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(scope, request_id) DO UPDATE SET key_id = excluded.key_id, "
    "time = excluded.time, field_hashes = excluded.field_hashes, reply_type_id = excluded.reply_type_id, "
    "content = excluded.content";
constexpr char kDeleteRequests[] =
    "DELETE FROM request WHERE rowid IN (SELECT rowid FROM request WHERE time < ?1 ORDER BY time LIMIT ?2)";
constexpr char kInsertAlias[] =
    "INSERT INTO alias(kind, keyed_hash, key_id) VALUES(?1, ?2, ?3) ON CONFLICT(kind, keyed_hash) DO NOTHING";
constexpr char kDeleteAlias[] = "DELETE FROM alias WHERE kind = ?1 AND keyed_hash = ?2";
constexpr char kFindPosition[] = "SELECT next_offset, owner_epoch FROM position WHERE topic = ?1 AND partition = ?2";
constexpr char kSavePosition[] =
    "INSERT INTO position(topic, partition, next_offset, owner_epoch, last_time) VALUES(?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT(topic, partition) DO UPDATE SET next_offset = excluded.next_offset, owner_epoch = "
    "excluded.owner_epoch, last_time = CASE WHEN next_offset = excluded.next_offset THEN last_time ELSE "
    "excluded.last_time END";
constexpr char kSaveSourceVersion[] =
    "INSERT INTO source_version(key_id, source_id, epoch, last) VALUES(?1, ?2, ?3, ?4) "
    "ON CONFLICT(key_id, source_id, epoch) DO UPDATE SET last = MAX(excluded.last, last)";
constexpr char kInsertParked[] =
    "INSERT INTO parked(source, key, epoch, version, topic, partition, record_offset, type, traceparent, record_time, "
    "time, content) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
constexpr char kDeleteParked[] = "DELETE FROM parked WHERE id = ?1";
constexpr char kInsertDeadLetter[] =
    "INSERT INTO dead_letter(source, key, epoch, version, topic, partition, record_offset, type, traceparent, "
    "record_time, time, content, reason, attempts) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
constexpr char kDeleteDeadLetter[] = "DELETE FROM dead_letter WHERE id = ?1";
constexpr char kSaveKind[] =
    "INSERT INTO kind(key_prefix, schema) VALUES(?1, ?2) ON CONFLICT(key_prefix) DO UPDATE SET schema = ?2";
constexpr char kSetEpoch[] = "UPDATE meta SET value = ?1 WHERE name = 'epoch'";
constexpr char kInsertAudit[] =
    "INSERT INTO audit(time, organisation, user, role, purpose, action, resource, outcome, request_id, traceparent) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
constexpr char kInsertUnsealed[] = "INSERT INTO audit_unsealed(id) VALUES(last_insert_rowid())";

std::string Numbered(absl::Span<const std::string> columns, absl::string_view between) {
  int number = 0;
  return absl::StrJoin(columns, between, [&number](std::string* out, const std::string& column) {
    absl::StrAppend(out, column, " = ?", ++number);
  });
}

std::string UpsertSql(const TableShape& shape) {
  std::vector<std::string> columns = shape.key_columns;
  columns.insert(columns.end(), shape.value_columns.begin(), shape.value_columns.end());
  std::vector<std::string> parameters;
  for (size_t i = 1; i <= columns.size(); ++i) parameters.push_back(absl::StrCat("?", i));
  std::vector<std::string> sets;
  for (const std::string& column : shape.value_columns) sets.push_back(absl::StrCat(column, " = excluded.", column));
  return absl::StrCat("INSERT INTO ", shape.table, "(", absl::StrJoin(columns, ", "), ") VALUES(",
                      absl::StrJoin(parameters, ", "), ") ON CONFLICT(", absl::StrJoin(shape.key_columns, ", "),
                      sets.empty() ? ") DO NOTHING" : ") DO UPDATE SET ", absl::StrJoin(sets, ", "));
}

}  // namespace

SqliteTransaction::~SqliteTransaction() {
  if (session() == nullptr) return;
  session()->Rollback();
  End(absl::OkStatus());
}

void SqliteTransaction::End(const absl::Status& status) {
  Detach();
  ended_(status);
}

absl::Status SqliteTransaction::Commit() {
  RETURN_IF_ERROR(Usable());
  // Nothing has been committed yet: whatever became of the key file, this one is as it was.
  if (absl::Status keys = session()->sealer->Settle(); !keys.ok()) {
    session()->Rollback();
    End(absl::OkStatus());
    return keys;
  }
  absl::Status status = WriteHeads();
  if (status.ok()) status = session()->connection->Commit();
  if (status.ok()) {
    session()->keys.Committed();
    session()->names.Committed();
  } else {
    session()->Rollback();
  }
  End(status);
  return status;
}

void SqliteTransaction::Loaded(int64_t key_id, const StoredAggregate& aggregate, int64_t last_sequence) {
  // A row that this transaction has saved may be ahead of its journal.
  const bool first = due_of_.insert_or_assign(key_id, DueOf(aggregate)).second;
  if (first) heads_.try_emplace(key_id, Head{last_sequence, aggregate.version});
}

int64_t SqliteTransaction::UnwrittenHead(int64_t key_id) const {
  const auto it = heads_.find(key_id);
  return it != heads_.end() && it->second.unwritten ? it->second.sequence : 0;
}

absl::StatusOr<SqliteTransaction::Head*> SqliteTransaction::HeadOf(int64_t key_id, absl::string_view key) {
  const auto [it, is_new] = heads_.try_emplace(key_id);
  if (!is_new) return &it->second;
  ASSIGN_OR_RETURN(Statement * find, session()->connection->Get(kFindHead));
  find->Bind(1, key_id);
  ASSIGN_OR_RETURN(const bool found, find->Step());
  if (!found) return &it->second;
  it->second = Head{find->Int(0), find->Int(1)};
  const bool lost = it->second.sequence != 0 && find->IsNull(1);
  find->Reset();
  if (lost) return session()->sealer->Damaged("journal", key, "its newest row is lost");
  return &it->second;
}

absl::Status SqliteTransaction::WriteHeads() {
  std::vector<std::pair<int64_t, int64_t>> unwritten;
  for (auto& [key_id, head] : heads_) {
    if (!head.unwritten) continue;
    unwritten.emplace_back(key_id, head.sequence);
    head.unwritten = false;
  }
  std::sort(unwritten.begin(), unwritten.end());
  ASSIGN_OR_RETURN(Statement * write, session()->connection->Get(kWriteHead));
  for (const auto& [key_id, sequence] : unwritten) {
    write->Bind(1, key_id);
    write->Bind(2, sequence);
    RETURN_IF_ERROR(write->Run());
    if (session()->connection->changes() == 1) continue;
    ASSIGN_OR_RETURN(Statement * find, session()->connection->Get(kFindKeyText));
    find->Bind(1, key_id);
    RETURN_IF_ERROR(find->Step().status());
    StoredAggregate nothing;
    nothing.key = std::string(find->Text(0));
    find->Reset();
    const Place& place = PlaceOfAggregate(session()->place, nothing);
    RETURN_IF_ERROR(session()->sealer->Wrap(nothing.key, place, "", session()->content));
    ASSIGN_OR_RETURN(Statement * insert, session()->connection->Get(kInsertHead));
    insert->Bind(1, key_id);
    insert->Bind(2, sequence);
    insert->BindBlob(3, session()->content);
    RETURN_IF_ERROR(insert->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::Save(absl::Span<const AggregateWrite> aggregates) {
  RETURN_IF_ERROR(Usable());
  const auto keys =
      KeysOf(aggregates, [](const AggregateWrite& write) -> const std::string& { return write.aggregate.key; });
  RETURN_IF_ERROR(session()->sealer->Prepare(keys));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  std::vector<std::pair<int64_t, size_t>> order;
  order.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) order.emplace_back(ids[i], i);
  std::sort(order.begin(), order.end());
  for (const auto& [id, i] : order) RETURN_IF_ERROR(SaveOne(id, aggregates[i]));
  return absl::OkStatus();
}

absl::Status SqliteTransaction::SaveOne(int64_t key_id, const AggregateWrite& write) {
  const StoredAggregate& aggregate = write.aggregate;
  if (aggregate.version < 1 || aggregate.version < write.expected_version) {
    return absl::InvalidArgumentError(
        absl::StrCat("save of ", aggregate.key, ": version ", aggregate.version, " after ", write.expected_version));
  }
  const Value due = DueOf(aggregate);
  const auto known = due_of_.find(key_id);
  const bool insert = write.expected_version == 0;
  const bool same_due = !insert && known != due_of_.end() && known->second == due;
  ASSIGN_OR_RETURN(Statement * save, session()->connection->Get(insert     ? kInsertAggregate
                                                                : same_due ? kUpdateSameDue
                                                                           : kUpdateAggregate));
  ASSIGN_OR_RETURN(const absl::string_view content,
                   WrappedOf(*session()->sealer, aggregate, session()->place, session()->content));
  save->Bind(1, key_id);
  save->Bind(2, aggregate.version);
  save->Bind(3, aggregate.public_version);
  save->Bind(4, aggregate.schema);
  save->BindBlob(5, content);
  const auto head = heads_.find(key_id);
  const bool new_head = head != heads_.end() && head->second.unwritten;
  save->BindNull(6);
  if (new_head) save->Bind(6, head->second.sequence);
  if (!same_due) save->BindValue(7, due);
  if (!insert) save->Bind(same_due ? 7 : 8, write.expected_version);
  RETURN_IF_ERROR(save->Run());
  if (session()->connection->changes() == 1) {
    if (new_head) head->second.unwritten = false;
    due_of_.insert_or_assign(key_id, due);
    return absl::OkStatus();
  }
  return absl::AbortedError(
      absl::StrCat("aggregate ", aggregate.key, " is no longer at version ", write.expected_version));
}

absl::Status SqliteTransaction::AppendJournal(absl::Span<const JournalRow> rows) {
  RETURN_IF_ERROR(Usable());
  const auto keys = KeysOf(rows, [](const JournalRow& row) -> const std::string& { return row.key; });
  std::vector<absl::string_view> sealed;
  for (const JournalRow& row : rows) {
    if (!row.outlives_key) sealed.push_back(row.key);
  }
  RETURN_IF_ERROR(session()->sealer->Prepare(sealed));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  Connection& connection = *session()->connection;
  ASSIGN_OR_RETURN(Statement * insert, connection.Get(kInsertJournal));
  ASSIGN_OR_RETURN(Statement * announce, connection.Get(kInsertOutbox));
  for (size_t i = 0; i < rows.size(); ++i) {
    const JournalRow& row = rows[i];
    ASSIGN_OR_RETURN(Head * head, HeadOf(ids[i], row.key));
    if (head->sequence != 0 && row.version != head->version + 1) {
      return absl::AbortedError(absl::StrCat("journal of ", row.key, " is at version ", head->version, ": ",
                                             row.version, " does not follow"));
    }
    ASSIGN_OR_RETURN(const int64_t type, session()->names.FindOrAdd(row.type));
    ASSIGN_OR_RETURN(const absl::string_view content,
                     WrappedOf(*session()->sealer, row, session()->place, session()->content));
    insert->Bind(1, ids[i]);
    insert->Bind(2, row.version);
    insert->Bind(3, row.public_version);
    insert->Bind(4, type);
    insert->BindValue(5, FromTime(row.time));
    insert->BindText(6, row.traceparent);
    insert->BindBlob(7, content);
    insert->Bind(8, head->sequence);
    RETURN_IF_ERROR(insert->Run());
    *head = Head{connection.last_row_id(), row.version, true};
    if (row.public_version == 0) continue;
    announce->Bind(1, connection.last_row_id());
    RETURN_IF_ERROR(announce->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::DeleteEach(const char* sql, absl::Span<const int64_t> ids) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * remove, session()->connection->Get(sql));
  for (const int64_t id : ids) {
    remove->Bind(1, id);
    RETURN_IF_ERROR(remove->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::DeleteOutbox(absl::Span<const int64_t> ids) { return DeleteEach(kDeleteOutbox, ids); }

absl::Status SqliteTransaction::DeleteParked(absl::Span<const int64_t> ids) { return DeleteEach(kDeleteParked, ids); }

absl::Status SqliteTransaction::DeleteDeadLetters(absl::Span<const int64_t> ids) {
  return DeleteEach(kDeleteDeadLetter, ids);
}

absl::Status SqliteTransaction::SaveKind(const KindRow& kind) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * save, session()->connection->Get(kSaveKind));
  save->BindText(1, kind.key_prefix);
  save->Bind(2, kind.schema);
  return save->Run();
}

absl::Status SqliteTransaction::SetEpoch(int64_t epoch) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * set, session()->connection->Get(kSetEpoch));
  set->Bind(1, epoch);
  return set->Run();
}

absl::Status SqliteTransaction::AppendSteps(absl::Span<const StepRow> steps) {
  RETURN_IF_ERROR(Usable());
  const auto keys = KeysOf(steps, [](const StepRow& step) -> const std::string& { return step.key; });
  RETURN_IF_ERROR(session()->sealer->Prepare(keys));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  ASSIGN_OR_RETURN(Statement * insert, session()->connection->Get(kInsertStep));
  for (size_t i = 0; i < steps.size(); ++i) {
    const StepRow& step = steps[i];
    ASSIGN_OR_RETURN(const int64_t type, session()->names.FindOrAdd(step.type));
    const Place& place = PlaceOfStep(session()->place, step);
    RETURN_IF_ERROR(session()->sealer->Wrap(step.key, place, step.payload, session()->content));
    insert->BindText(1, step.id);
    insert->Bind(2, ids[i]);
    insert->Bind(3, type);
    insert->BindText(4, step.traceparent);
    insert->BindBlob(5, session()->content);
    RETURN_IF_ERROR(insert->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::DeleteSteps(absl::Span<const std::string> ids) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * remove, session()->connection->Get(kDeleteStep));
  for (const std::string& id : ids) {
    remove->BindText(1, id);
    RETURN_IF_ERROR(remove->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::SaveRequests(absl::Span<const RequestRow> requests) {
  RETURN_IF_ERROR(Usable());
  const auto keys = KeysOf(requests, [](const RequestRow& request) -> const std::string& { return request.key; });
  RETURN_IF_ERROR(session()->sealer->Prepare(keys));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  ASSIGN_OR_RETURN(Statement * save, session()->connection->Get(kSaveRequest));
  for (size_t i = 0; i < requests.size(); ++i) {
    const RequestRow& request = requests[i];
    ASSIGN_OR_RETURN(const int64_t type, session()->names.FindOrAdd(request.reply_type));
    const Place& place = PlaceOfRequest(session()->place, request);
    RETURN_IF_ERROR(request.outlives_key
                        ? session()->sealer->WrapKept(place, request.reply, session()->content)
                        : session()->sealer->Wrap(request.key, place, request.reply, session()->content));
    save->BindText(1, request.id.scope);
    save->BindText(2, request.id.request_id);
    save->Bind(3, ids[i]);
    save->BindValue(4, FromTime(request.time));
    save->BindBlob(5, request.field_hashes);
    save->Bind(6, type);
    save->BindBlob(7, session()->content);
    RETURN_IF_ERROR(save->Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SqliteTransaction::DeleteRequestsBefore(absl::Time time, int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * remove, session()->connection->Get(kDeleteRequests));
  const Value micros = FromTime(time);
  remove->Bind(1, micros.index() == 0 ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(micros));
  remove->Bind(2, limit);
  RETURN_IF_ERROR(remove->Run());
  return session()->connection->changes();
}

absl::Status SqliteTransaction::AddAlias(const AliasRow& alias) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const int64_t key_id, session()->keys.FindOrAdd(alias.key));
  ASSIGN_OR_RETURN(Statement * insert, session()->connection->Get(kInsertAlias));
  insert->BindText(1, alias.kind);
  insert->BindBlob(2, alias.keyed_hash);
  insert->Bind(3, key_id);
  RETURN_IF_ERROR(insert->Run());
  if (session()->connection->changes() == 1) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat("alias of kind ", alias.kind, " is taken"));
}

absl::Status SqliteTransaction::SetAlias(const AliasRow& alias) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * remove, session()->connection->Get(kDeleteAlias));
  remove->BindText(1, alias.kind);
  remove->BindBlob(2, alias.keyed_hash);
  RETURN_IF_ERROR(remove->Run());
  return alias.key.empty() ? absl::OkStatus() : AddAlias(alias);
}

absl::Status SqliteTransaction::ClaimPosition(const PositionClaim& claim) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * find, session()->connection->Get(kFindPosition));
  find->BindText(1, claim.topic);
  find->Bind(2, claim.partition);
  ASSIGN_OR_RETURN(const bool found, find->Step());
  const int64_t next = found ? find->Int(0) : 0;
  const int64_t owner_epoch = found ? find->Int(1) : 0;
  find->Reset();
  if (next != claim.expected || claim.owner_epoch < owner_epoch) {
    return absl::AbortedError(absl::StrCat("position of ", claim.topic, "/", claim.partition, " is ", next,
                                           " of owner epoch ", owner_epoch, ", not ", claim.expected, " of ",
                                           claim.owner_epoch));
  }
  ASSIGN_OR_RETURN(Statement * save, session()->connection->Get(kSavePosition));
  save->BindText(1, claim.topic);
  save->Bind(2, claim.partition);
  save->Bind(3, claim.next);
  save->Bind(4, claim.owner_epoch);
  if (claim.last_time == absl::InfinitePast()) {
    save->BindNull(5);
  } else {
    save->Bind(5, absl::ToUnixMicros(claim.last_time));
  }
  return save->Run();
}

absl::Status SqliteTransaction::SaveSourceVersions(absl::Span<const SourceVersion> versions) {
  RETURN_IF_ERROR(Usable());
  const auto keys = KeysOf(versions, [](const SourceVersion& version) -> const std::string& { return version.id.key; });
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  ASSIGN_OR_RETURN(Statement * save, session()->connection->Get(kSaveSourceVersion));
  for (size_t i = 0; i < versions.size(); ++i) {
    ASSIGN_OR_RETURN(const int64_t source, session()->names.FindOrAdd(versions[i].id.source));
    save->Bind(1, ids[i]);
    save->Bind(2, source);
    save->Bind(3, versions[i].epoch);
    save->Bind(4, versions[i].last);
    RETURN_IF_ERROR(save->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::BindRecord(Statement& insert, absl::string_view table, const ParkedRow& row) {
  const Place& place = PlaceOfRecord(session()->place, table, row);
  RETURN_IF_ERROR(session()->sealer->WrapForeign(row.key, place, row.payload, session()->content));
  insert.BindText(1, row.source);
  insert.BindText(2, row.key);
  insert.Bind(3, row.epoch);
  insert.Bind(4, row.version);
  insert.BindText(5, row.topic);
  insert.Bind(6, row.partition);
  insert.Bind(7, row.offset);
  insert.BindText(8, row.type);
  insert.BindText(9, row.traceparent);
  insert.BindValue(10, FromTime(row.record_time));
  insert.BindValue(11, FromTime(row.time));
  insert.BindBlob(12, session()->content);
  return absl::OkStatus();
}

absl::Status SqliteTransaction::Park(absl::Span<const ParkedRow> rows) {
  RETURN_IF_ERROR(Usable());
  RETURN_IF_ERROR(session()->sealer->PrepareForeign(
      KeysOf(rows, [](const ParkedRow& row) -> const std::string& { return row.key; })));
  ASSIGN_OR_RETURN(Statement * insert, session()->connection->Get(kInsertParked));
  for (const ParkedRow& row : rows) {
    RETURN_IF_ERROR(BindRecord(*insert, "parked", row));
    RETURN_IF_ERROR(insert->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::AddDeadLetters(absl::Span<const DeadLetterRow> rows) {
  RETURN_IF_ERROR(Usable());
  RETURN_IF_ERROR(session()->sealer->PrepareForeign(
      KeysOf(rows, [](const DeadLetterRow& row) -> const std::string& { return row.record.key; })));
  ASSIGN_OR_RETURN(Statement * insert, session()->connection->Get(kInsertDeadLetter));
  for (const DeadLetterRow& row : rows) {
    RETURN_IF_ERROR(BindRecord(*insert, "dead_letter", row.record));
    insert->BindText(13, row.reason);
    insert->Bind(14, row.attempts);
    RETURN_IF_ERROR(insert->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::AppendAudit(absl::Span<const AuditRow> rows) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * insert, session()->connection->Get(kInsertAudit));
  ASSIGN_OR_RETURN(Statement * unsealed, session()->connection->Get(kInsertUnsealed));
  for (const AuditRow& row : rows) {
    insert->BindValue(1, FromTime(row.time));
    int column = 1;
    for (const std::string* text : {&row.organisation, &row.user, &row.role, &row.purpose, &row.action, &row.resource,
                                    &row.outcome, &row.request_id, &row.traceparent}) {
      insert->BindText(++column, *text);
    }
    RETURN_IF_ERROR(insert->Run());
    RETURN_IF_ERROR(unsealed->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::RunEach(const std::string& sql, size_t columns, absl::Span<const Row> rows,
                                        const TableShape& shape) {
  for (const Row& row : rows) RETURN_IF_ERROR(CheckRow(shape, columns, row));
  const bool by_key = IsByKey(shape);
  // Of the keys, where the table has their numbers.
  std::vector<int64_t> ids(rows.size(), 0);
  if (by_key) {
    const auto keys = KeysOf(rows, [](const Row& row) -> const std::string& { return std::get<std::string>(row[0]); });
    ASSIGN_OR_RETURN(ids, session()->keys.FindAll(keys, true));
  }
  // In order of the key: neighbours share pages. Equal keys keep their order: the last one wins.
  std::vector<std::pair<int64_t, const Row*>> order;
  order.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) order.emplace_back(ids[i], &rows[i]);
  const auto first = static_cast<std::ptrdiff_t>(by_key ? 1 : 0);
  const auto end = static_cast<std::ptrdiff_t>(shape.key_columns.size());
  std::stable_sort(order.begin(), order.end(), [first, end](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    return std::lexicographical_compare(a.second->begin() + first, a.second->begin() + end, b.second->begin() + first,
                                        b.second->begin() + end);
  });
  ASSIGN_OR_RETURN(Statement * statement, session()->connection->GetText(sql));
  for (const auto& [id, row] : order) {
    if (by_key) statement->Bind(1, id);
    for (size_t i = by_key ? 1 : 0; i < columns; ++i) statement->BindValue(static_cast<int>(i) + 1, (*row)[i]);
    RETURN_IF_ERROR(statement->Run());
  }
  return absl::OkStatus();
}

absl::Status SqliteTransaction::Upsert(const TableShape& shape, absl::Span<const Row> rows) {
  RETURN_IF_ERROR(Usable());
  auto& [known, sql] = session()->upserts[&shape];
  if (sql.empty() || known != shape) {
    known = shape;
    sql = UpsertSql(shape);
  }
  return RunEach(sql, shape.key_columns.size() + shape.value_columns.size(), rows, shape);
}

absl::Status SqliteTransaction::Delete(const TableShape& shape, absl::Span<const Row> keys) {
  RETURN_IF_ERROR(Usable());
  const std::string sql = absl::StrCat("DELETE FROM ", shape.table, " WHERE ", Numbered(shape.key_columns, " AND "));
  return RunEach(sql, shape.key_columns.size(), keys, shape);
}

}  // namespace polku::store::sqlite
