#include "libs/store/postgres/transaction.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"

namespace polku::store::postgres {
namespace {

// The row may be there with version 0: a key that has had nothing but journal rows.
constexpr char kInsertAggregates[] =
    "INSERT INTO aggregate(key_id, version, public_version, schema, content, last_sequence, due_at) "
    "SELECT w.key_id, w.version, w.public_version, w.schema, w.content, COALESCE(w.head, 0), w.due_at "
    "FROM unnest($1, $2, $3, $4, $5, $6, $7) w(key_id, version, public_version, schema, content, head, due_at) "
    "ON CONFLICT (key_id) DO UPDATE SET version = excluded.version, public_version = excluded.public_version, "
    "schema = excluded.schema, content = excluded.content, due_at = excluded.due_at, "
    "last_sequence = GREATEST(excluded.last_sequence, aggregate.last_sequence) WHERE aggregate.version = 0";
constexpr char kUpdateAggregates[] =
    "UPDATE aggregate a SET version = w.version, public_version = w.public_version, schema = w.schema, "
    "content = w.content, last_sequence = COALESCE(w.head, a.last_sequence), due_at = w.due_at "
    "FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) "
    "w(key_id, version, public_version, schema, content, head, due_at, expected) "
    "WHERE a.key_id = w.key_id AND a.version = w.expected";
constexpr char kTakeJournal[] = "SELECT pg_advisory_xact_lock(20556, 2)";
constexpr char kTakeSequences[] = "SELECT nextval('journal_sequence_seq') FROM generate_series(1, $1)";
constexpr char kInsertJournal[] =
    "INSERT INTO journal(sequence, key_id, version, public_version, type_id, time, traceparent, content, previous) "
    "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)";
constexpr char kFindHeads[] =
    "SELECT a.key_id, a.last_sequence, j.version, k.text FROM aggregate a "
    "LEFT JOIN journal j ON j.sequence = a.last_sequence LEFT JOIN aggregate_key k ON k.id = a.key_id "
    "WHERE a.key_id = ANY($1) ORDER BY a.key_id FOR UPDATE OF a";
constexpr char kWriteHeads[] =
    "UPDATE aggregate a SET last_sequence = w.sequence FROM unnest($1, $2) w(key_id, sequence) "
    "WHERE a.key_id = w.key_id RETURNING a.key_id";
constexpr char kInsertHeads[] =
    "INSERT INTO aggregate(key_id, version, public_version, schema, last_sequence, content) "
    "SELECT w.key_id, 0, 0, 0, w.sequence, w.content FROM unnest($1, $2, $3) w(key_id, sequence, content)";
constexpr char kFindKeyTexts[] = "SELECT id, text FROM aggregate_key WHERE id = ANY($1) ORDER BY id";
constexpr char kInsertOutbox[] = "INSERT INTO outbox(sequence) SELECT * FROM unnest($1)";
constexpr char kDeleteOutbox[] = "DELETE FROM outbox WHERE sequence = ANY($1)";
constexpr char kInsertSteps[] =
    "INSERT INTO step(id, key_id, type_id, traceparent, content) SELECT * FROM unnest($1, $2, $3, $4, $5) "
    "ON CONFLICT (id) DO NOTHING";
constexpr char kDeleteSteps[] = "DELETE FROM step WHERE id = ANY($1)";
constexpr char kSaveRequests[] =
    "INSERT INTO request(scope, request_id, key_id, time, field_hashes, reply_type_id, content) "
    "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)";
constexpr char kDeleteRequests[] =
    "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE time < $1 ORDER BY time LIMIT $2)";
constexpr char kInsertAlias[] =
    "INSERT INTO alias(kind, keyed_hash, key_id) VALUES($1, $2, $3) ON CONFLICT (kind, keyed_hash) DO NOTHING";
constexpr char kSetAlias[] =
    "INSERT INTO alias(kind, keyed_hash, key_id) VALUES($1, $2, $3) "
    "ON CONFLICT (kind, keyed_hash) DO UPDATE SET key_id = excluded.key_id";
constexpr char kDeleteAlias[] = "DELETE FROM alias WHERE kind = $1 AND keyed_hash = $2";
// No row counts as 0: it is made when that is expected, and otherwise nothing is written.
constexpr char kClaimPosition[] =
    "INSERT INTO position(topic, partition, next_offset, owner_epoch, last_time) SELECT $1, $2, $4, $5, $6 "
    "WHERE $3 = 0 OR EXISTS (SELECT 1 FROM position WHERE topic = $1 AND partition = $2) "
    "ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset, "
    "owner_epoch = excluded.owner_epoch, last_time = CASE WHEN position.next_offset = excluded.next_offset "
    "THEN position.last_time ELSE excluded.last_time END WHERE position.next_offset = $3 AND position.owner_epoch <= "
    "$5";
constexpr char kSaveSourceVersions[] =
    "INSERT INTO source_version(key_id, source_id, epoch, last) SELECT * FROM unnest($1, $2, $3, $4) "
    "ON CONFLICT (key_id, source_id, epoch) DO UPDATE SET last = GREATEST(excluded.last, source_version.last)";
// Skips the row while its holder's transaction has it. Of two holders NAME/START/... of one name the later is right.
constexpr char kTakeLease[] =
    "UPDATE lease SET holder = $1, until = clock_timestamp() + $2 * INTERVAL '1 microsecond' "
    "WHERE name = (SELECT name FROM lease WHERE name = 'service' AND (holder = $1 OR until < clock_timestamp() "
    "OR (strpos($1, '/') > 1 AND split_part(holder, '/', 1) = split_part($1, '/', 1) AND holder < $1)) "
    "FOR UPDATE SKIP LOCKED)";
constexpr char kHoldLease[] = "SELECT 1 FROM lease WHERE name = 'service' AND holder = $1 FOR UPDATE";
constexpr char kReleaseLease[] = "UPDATE lease SET holder = '', until = 'epoch' WHERE name = 'service' AND holder = $1";
constexpr char kSaveCoverage[] =
    "INSERT INTO position(topic, partition, next_offset, owner_epoch, covered_until) "
    "SELECT topic, partition, 0, 0, until FROM unnest($1, $2, $3) w(topic, partition, until) "
    "ON CONFLICT (topic, partition) DO UPDATE SET "
    "covered_until = GREATEST(excluded.covered_until, position.covered_until)";
#define POLKU_RECORD_COLUMNS \
  "(source, key, epoch, version, topic, partition, record_offset, type, traceparent, record_time, time, content"
constexpr char kInsertParked[] = "INSERT INTO parked" POLKU_RECORD_COLUMNS
                                 ") SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
constexpr char kInsertDeadLetters[] =
    "INSERT INTO dead_letter" POLKU_RECORD_COLUMNS
    ", reason, attempts) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
#undef POLKU_RECORD_COLUMNS
constexpr char kDeleteParked[] = "DELETE FROM parked WHERE id = ANY($1)";
constexpr char kDeleteDeadLetters[] = "DELETE FROM dead_letter WHERE id = ANY($1)";
constexpr char kSaveKind[] =
    "INSERT INTO kind(key_prefix, schema) VALUES($1, $2) ON CONFLICT (key_prefix) DO UPDATE SET schema = $2";
constexpr char kInsertAudit[] =
    "WITH added AS (INSERT INTO audit(time, organisation, \"user\", role, purpose, action, resource, outcome, "
    "request_id, traceparent) SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id) "
    "INSERT INTO audit_unsealed SELECT id FROM added";

// Where the last of equal rows stands, in order of their identity: one statement cannot write a row twice.
template <class T, class Identity>
std::vector<size_t> LastOfEach(absl::Span<const T> rows, Identity identity) {
  std::map<decltype(identity(rows[0])), size_t> last;
  for (size_t i = 0; i < rows.size(); ++i) last[identity(rows[i])] = i;
  std::vector<size_t> order;
  order.reserve(last.size());
  for (const auto& [id, i] : last) order.push_back(i);
  return order;
}

void AddMicros(Array& times, absl::Time time) { times.AddValue(FromTime(time)); }

// The columns of records set aside.
struct RecordColumns {
  Texts sources, keys, topics, types, traceparents;
  Numbers epochs, versions, partitions, offsets, record_times, times;
  ByteStrings contents;

  absl::Status Add(Session& session, absl::string_view table, const ParkedRow& row) {
    const Place& place = PlaceOfRecord(session.place, table, row);
    RETURN_IF_ERROR(session.sealer->WrapForeign(row.key, place, row.payload, session.content));
    sources.Add(row.source);
    keys.Add(row.key);
    epochs.Add(row.epoch);
    versions.Add(row.version);
    topics.Add(row.topic);
    partitions.Add(row.partition);
    offsets.Add(row.offset);
    types.Add(row.type);
    traceparents.Add(row.traceparent);
    AddMicros(record_times, row.record_time);
    AddMicros(times, row.time);
    contents.Add(session.content);
    return absl::OkStatus();
  }
  template <class... P>
  absl::Status Send(Connection& connection, const char* sql, const P&... more) const {
    return connection.Send(sql, sources, keys, epochs, versions, topics, partitions, offsets, types, traceparents,
                           record_times, times, contents, more...);
  }
};

}  // namespace

PostgresTransaction::~PostgresTransaction() {
  if (session() == nullptr) return;
  session()->Rollback();
  End(absl::OkStatus());
}

void PostgresTransaction::End(const absl::Status& status) {
  Detach();
  ended_(status);
}

absl::Status PostgresTransaction::Commit() {
  RETURN_IF_ERROR(Usable());
  // Nothing has been committed yet: whatever became of the key file, this one is as it was.
  absl::Status status = session()->sealer->Settle();
  if (status.ok()) status = WriteHeads();
  // What was sent must have been done: a lost connection up to here is a known outcome.
  if (status.ok()) status = session()->connection->Collect().status();
  if (status.ok()) {
    const absl::StatusOr<Result> committed = session()->connection->Run("COMMIT");
    status = committed.status();
    if (status.ok() && committed->done() != "COMMIT") status = absl::AbortedError("the transaction had failed before");
    if (absl::IsUnavailable(status)) {
      status = absl::UnavailableError(absl::StrCat(status.message(), ": whether the commit was done is unknown"));
    }
  }
  if (status.ok()) {
    session()->keys.Committed();
    session()->names.Committed();
  } else {
    session()->Rollback();
  }
  End(status);
  return status;
}

void PostgresTransaction::Loaded(int64_t key_id, const StoredAggregate& aggregate, int64_t last_sequence) {
  // A row that this transaction has saved may be ahead of its journal.
  if (saved_.contains(key_id)) return;
  heads_.try_emplace(key_id, Head{last_sequence, aggregate.version});
}

int64_t PostgresTransaction::UnwrittenHead(int64_t key_id) const {
  const auto it = heads_.find(key_id);
  return it != heads_.end() && it->second.unwritten ? it->second.sequence : 0;
}

absl::Status PostgresTransaction::FindHeads(absl::Span<const int64_t> ids) {
  Numbers asked;
  bool all_known = true;
  for (const int64_t id : ids) {
    if (!heads_.try_emplace(id).second) continue;
    asked.Add(id);
    all_known = false;
  }
  if (all_known) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Result found, session()->connection->Run(kFindHeads, asked));
  for (int row = 0; row < found.rows(); ++row) {
    heads_[found.Int(row, 0)] = Head{found.Int(row, 1), found.Int(row, 2)};
    if (found.Int(row, 1) != 0 && found.IsNull(row, 2)) {
      return session()->sealer->Damaged("journal", found.Text(row, 3), "its newest row is lost");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> PostgresTransaction::TakeSequences(size_t count) {
  ASSIGN_OR_RETURN(const Result taken,
                   session()->connection->Run(kTakeSequences, Parameter::Number(static_cast<int64_t>(count))));
  std::vector<int64_t> sequences(taken.rows());
  for (int row = 0; row < taken.rows(); ++row) sequences[row] = taken.Int(row, 0);
  return sequences;
}

absl::Status PostgresTransaction::WriteHeads() {
  std::vector<int64_t> unwritten;
  for (const auto& [key_id, head] : heads_) {
    if (head.unwritten) unwritten.push_back(key_id);
  }
  if (unwritten.empty()) return absl::OkStatus();
  std::sort(unwritten.begin(), unwritten.end());
  Numbers ids;
  Numbers sequences;
  for (const int64_t key_id : unwritten) {
    ids.Add(key_id);
    sequences.Add(heads_[key_id].sequence);
  }
  ASSIGN_OR_RETURN(const Result written, session()->connection->Run(kWriteHeads, ids, sequences));
  std::set<int64_t> left(unwritten.begin(), unwritten.end());
  for (int row = 0; row < written.rows(); ++row) left.erase(written.Int(row, 0));
  RETURN_IF_ERROR(InsertHeads(std::vector<int64_t>(left.begin(), left.end())));
  for (const int64_t key_id : unwritten) heads_[key_id].unwritten = false;
  return absl::OkStatus();
}

absl::Status PostgresTransaction::InsertHeads(absl::Span<const int64_t> ids) {
  if (ids.empty()) return absl::OkStatus();
  Numbers asked;
  for (const int64_t id : ids) asked.Add(id);
  ASSIGN_OR_RETURN(const Result texts, session()->connection->Run(kFindKeyTexts, asked));
  Numbers found;
  Numbers sequences;
  ByteStrings contents;
  for (int row = 0; row < texts.rows(); ++row) {
    StoredAggregate nothing;
    nothing.key = std::string(texts.Text(row, 1));
    const Place& place = PlaceOfAggregate(session()->place, nothing);
    RETURN_IF_ERROR(session()->sealer->Wrap(nothing.key, place, "", session()->content));
    found.Add(texts.Int(row, 0));
    sequences.Add(heads_[texts.Int(row, 0)].sequence);
    contents.Add(session()->content);
  }
  return session()->connection->Send(kInsertHeads, found, sequences, contents);
}

absl::Status PostgresTransaction::Save(absl::Span<const AggregateWrite> aggregates) {
  RETURN_IF_ERROR(Usable());
  const auto keys =
      KeysOf(aggregates, [](const AggregateWrite& write) -> const std::string& { return write.aggregate.key; });
  RETURN_IF_ERROR(session()->sealer->Prepare(keys));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  // In order of their numbers, as Load locks them; several writes of one aggregate in their own order, each in a
  // batch behind the one before.
  std::vector<std::map<int64_t, const AggregateWrite*>> rounds;
  absl::flat_hash_map<int64_t, size_t> times;
  for (size_t i = 0; i < aggregates.size(); ++i) {
    const size_t round = times[ids[i]]++;
    if (round == rounds.size()) rounds.emplace_back();
    rounds[round].emplace(ids[i], &aggregates[i]);
  }
  for (const auto& round : rounds) {
    for (const bool is_new : {false, true}) {
      std::vector<const AggregateWrite*> writes;
      std::vector<int64_t> write_ids;
      for (const auto& [id, write] : round) {
        if ((write->expected_version == 0) != is_new) continue;
        writes.push_back(write);
        write_ids.push_back(id);
      }
      if (!writes.empty()) RETURN_IF_ERROR(SaveBatch(writes, write_ids));
    }
  }
  return absl::OkStatus();
}

absl::Status PostgresTransaction::SaveBatch(absl::Span<const AggregateWrite* const> writes,
                                            absl::Span<const int64_t> ids) {
  Numbers key_ids, versions, public_versions, schemas, heads, due, expected;
  ByteStrings contents;
  for (size_t i = 0; i < writes.size(); ++i) {
    const AggregateWrite& write = *writes[i];
    const StoredAggregate& aggregate = write.aggregate;
    if (aggregate.version < 1 || aggregate.version < write.expected_version) {
      return absl::InvalidArgumentError(
          absl::StrCat("save of ", aggregate.key, ": version ", aggregate.version, " after ", write.expected_version));
    }
    ASSIGN_OR_RETURN(const absl::string_view content,
                     WrappedOf(*session()->sealer, aggregate, session()->place, session()->content));
    key_ids.Add(ids[i]);
    versions.Add(aggregate.version);
    public_versions.Add(aggregate.public_version);
    schemas.Add(int64_t{aggregate.schema});
    contents.Add(content);
    const int64_t head = UnwrittenHead(ids[i]);
    heads.AddValue(head == 0 ? Value() : Value(head));
    due.AddValue(DueOf(aggregate));
    expected.Add(write.expected_version);
  }
  Connection& connection = *session()->connection;
  const bool is_new = writes.front()->expected_version == 0;
  ASSIGN_OR_RETURN(const Result saved, is_new ? connection.Run(kInsertAggregates, key_ids, versions, public_versions,
                                                               schemas, contents, heads, due)
                                              : connection.Run(kUpdateAggregates, key_ids, versions, public_versions,
                                                               schemas, contents, heads, due, expected));
  if (saved.changes() != static_cast<int64_t>(writes.size())) {
    return absl::AbortedError(absl::StrCat(static_cast<int64_t>(writes.size()) - saved.changes(), " of ", writes.size(),
                                           " aggregates are no longer at their versions; the first is ",
                                           writes.front()->aggregate.key, " at ", writes.front()->expected_version));
  }
  for (const int64_t id : ids) {
    saved_.insert(id);
    if (const auto head = heads_.find(id); head != heads_.end()) head->second.unwritten = false;
  }
  return absl::OkStatus();
}

absl::Status PostgresTransaction::AppendJournal(absl::Span<const JournalRow> rows) {
  RETURN_IF_ERROR(Usable());
  if (rows.empty()) return absl::OkStatus();
  const auto keys = KeysOf(rows, [](const JournalRow& row) -> const std::string& { return row.key; });
  std::vector<absl::string_view> sealed;
  for (const JournalRow& row : rows) {
    if (!row.outlives_key) sealed.push_back(row.key);
  }
  RETURN_IF_ERROR(session()->sealer->Prepare(sealed));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  ASSIGN_OR_RETURN(const std::vector<int64_t> types,
                   session()->names.FindAll(
                       KeysOf(rows, [](const JournalRow& row) -> const std::string& { return row.type; }), true));
  Connection& connection = *session()->connection;
  // Until the end of the transaction: whoever numbers rows later commits later, so that a reader who has seen a
  // sequence has seen all below it. Before the heads are read: what another program appended is committed by then.
  RETURN_IF_ERROR(connection.Send(kTakeJournal));
  RETURN_IF_ERROR(FindHeads(ids));
  ASSIGN_OR_RETURN(const std::vector<int64_t> sequences, TakeSequences(rows.size()));
  Numbers numbers, key_ids, versions, public_versions, type_ids, times, previous, announced;
  Texts traceparents;
  ByteStrings contents;
  for (size_t i = 0; i < rows.size(); ++i) {
    const JournalRow& row = rows[i];
    Head& head = heads_[ids[i]];
    if (head.sequence != 0 && row.version != head.version + 1) {
      return absl::AbortedError(
          absl::StrCat("journal of ", row.key, " is at version ", head.version, ": ", row.version, " does not follow"));
    }
    ASSIGN_OR_RETURN(const absl::string_view content,
                     WrappedOf(*session()->sealer, row, session()->place, session()->content));
    numbers.Add(sequences[i]);
    key_ids.Add(ids[i]);
    versions.Add(row.version);
    public_versions.Add(row.public_version);
    type_ids.Add(types[i]);
    AddMicros(times, row.time);
    traceparents.Add(row.traceparent);
    contents.Add(content);
    previous.Add(head.sequence);
    head = Head{sequences[i], row.version, true};
    if (row.public_version != 0) announced.Add(sequences[i]);
  }
  RETURN_IF_ERROR(connection.Send(kInsertJournal, numbers, key_ids, versions, public_versions, type_ids, times,
                                  traceparents, contents, previous));
  return connection.Send(kInsertOutbox, announced);
}

absl::Status PostgresTransaction::DeleteAll(const char* sql, absl::Span<const int64_t> ids) {
  RETURN_IF_ERROR(Usable());
  Numbers numbers;
  for (const int64_t id : ids) numbers.Add(id);
  return session()->connection->Send(sql, numbers);
}

absl::Status PostgresTransaction::DeleteOutbox(absl::Span<const int64_t> ids) { return DeleteAll(kDeleteOutbox, ids); }

absl::Status PostgresTransaction::DeleteParked(absl::Span<const int64_t> ids) { return DeleteAll(kDeleteParked, ids); }

absl::Status PostgresTransaction::DeleteDeadLetters(absl::Span<const int64_t> ids) {
  return DeleteAll(kDeleteDeadLetters, ids);
}

absl::Status PostgresTransaction::SaveKind(const KindRow& kind) {
  RETURN_IF_ERROR(Usable());
  return session()->connection->Send(kSaveKind, Parameter::Text(kind.key_prefix), Parameter::Number(kind.schema));
}

absl::Status PostgresTransaction::AppendSteps(absl::Span<const StepRow> steps) {
  RETURN_IF_ERROR(Usable());
  const auto keys = KeysOf(steps, [](const StepRow& step) -> const std::string& { return step.key; });
  RETURN_IF_ERROR(session()->sealer->Prepare(keys));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  ASSIGN_OR_RETURN(const std::vector<int64_t> types,
                   session()->names.FindAll(
                       KeysOf(steps, [](const StepRow& step) -> const std::string& { return step.type; }), true));
  Texts step_ids, traceparents;
  Numbers key_ids, type_ids;
  ByteStrings contents;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Place& place = PlaceOfStep(session()->place, steps[i]);
    RETURN_IF_ERROR(session()->sealer->Wrap(steps[i].key, place, steps[i].payload, session()->content));
    step_ids.Add(steps[i].id);
    key_ids.Add(ids[i]);
    type_ids.Add(types[i]);
    traceparents.Add(steps[i].traceparent);
    contents.Add(session()->content);
  }
  return session()->connection->Send(kInsertSteps, step_ids, key_ids, type_ids, traceparents, contents);
}

absl::Status PostgresTransaction::DeleteSteps(absl::Span<const std::string> ids) {
  RETURN_IF_ERROR(Usable());
  Texts texts;
  for (const std::string& id : ids) texts.Add(id);
  return session()->connection->Send(kDeleteSteps, texts);
}

absl::Status PostgresTransaction::SaveRequests(absl::Span<const RequestRow> requests) {
  RETURN_IF_ERROR(Usable());
  const auto keys = KeysOf(requests, [](const RequestRow& request) -> const std::string& { return request.key; });
  RETURN_IF_ERROR(session()->sealer->Prepare(keys));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  ASSIGN_OR_RETURN(
      const std::vector<int64_t> types,
      session()->names.FindAll(
          KeysOf(requests, [](const RequestRow& request) -> const std::string& { return request.reply_type; }), true));
  Texts scopes, request_ids;
  Numbers key_ids, times, type_ids;
  ByteStrings field_hashes, contents;
  for (const size_t i : LastOfEach(requests, [](const RequestRow& request) { return request.id; })) {
    const RequestRow& request = requests[i];
    const Place& place = PlaceOfRequest(session()->place, request);
    RETURN_IF_ERROR(request.outlives_key
                        ? session()->sealer->WrapKept(place, request.reply, session()->content)
                        : session()->sealer->Wrap(request.key, place, request.reply, session()->content));
    scopes.Add(request.id.scope);
    request_ids.Add(request.id.request_id);
    key_ids.Add(ids[i]);
    AddMicros(times, request.time);
    field_hashes.Add(request.field_hashes);
    type_ids.Add(types[i]);
    contents.Add(session()->content);
  }
  return session()->connection->Send(kSaveRequests, scopes, request_ids, key_ids, times, field_hashes, type_ids,
                                     contents);
}

absl::StatusOr<int64_t> PostgresTransaction::DeleteRequestsBefore(absl::Time time, int limit) {
  RETURN_IF_ERROR(Usable());
  const Value micros = FromTime(time);
  const int64_t before = micros.index() == 0 ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(micros);
  ASSIGN_OR_RETURN(const Result removed,
                   session()->connection->Run(kDeleteRequests, Parameter::Number(before), Parameter::Number(limit)));
  return removed.changes();
}

absl::Status PostgresTransaction::AddAlias(const AliasRow& alias) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const int64_t key_id, session()->keys.Find(alias.key, true));
  ASSIGN_OR_RETURN(const Result inserted,
                   session()->connection->Run(kInsertAlias, Parameter::Text(alias.kind),
                                              Parameter::Bytes(alias.keyed_hash), Parameter::Number(key_id)));
  if (inserted.changes() == 1) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat("alias of kind ", alias.kind, " is taken"));
}

absl::Status PostgresTransaction::SetAlias(const AliasRow& alias) {
  RETURN_IF_ERROR(Usable());
  const Parameter kind = Parameter::Text(alias.kind);
  const Parameter hash = Parameter::Bytes(alias.keyed_hash);
  if (alias.key.empty()) return session()->connection->Send(kDeleteAlias, kind, hash);
  ASSIGN_OR_RETURN(const int64_t key_id, session()->keys.Find(alias.key, true));
  return session()->connection->Send(kSetAlias, kind, hash, Parameter::Number(key_id));
}

absl::Status PostgresTransaction::ClaimPosition(const PositionClaim& claim) {
  RETURN_IF_ERROR(Usable());
  const Value last_time = claim.last_time == absl::InfinitePast() ? Value() : absl::ToUnixMicros(claim.last_time);
  ASSIGN_OR_RETURN(
      const Result claimed,
      session()->connection->Run(kClaimPosition, Parameter::Text(claim.topic), Parameter::Number(claim.partition),
                                 Parameter::Number(claim.expected), Parameter::Number(claim.next),
                                 Parameter::Number(claim.owner_epoch), Parameter::Of(last_time, kNumber)));
  if (claimed.changes() == 1) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat("position of ", claim.topic, "/", claim.partition, " is not ", claim.expected));
}

absl::StatusOr<bool> PostgresTransaction::TakeLease(absl::string_view holder, absl::Duration lasts) {
  RETURN_IF_ERROR(Usable());
  const std::string known_as = absl::StrCat(session()->program, holder);
  ASSIGN_OR_RETURN(const Result taken, session()->connection->Run(kTakeLease, Parameter::Text(known_as),
                                                                  Parameter::Number(absl::ToInt64Microseconds(lasts))));
  return taken.changes() == 1;
}

absl::Status PostgresTransaction::HoldLease(absl::string_view holder) {
  RETURN_IF_ERROR(Usable());
  const std::string known_as = absl::StrCat(session()->program, holder);
  ASSIGN_OR_RETURN(const Result held, session()->connection->Run(kHoldLease, Parameter::Text(known_as)));
  return held.rows() == 1 ? absl::OkStatus() : absl::AbortedError("another program has the lease");
}

absl::Status PostgresTransaction::ReleaseLease(absl::string_view holder) {
  RETURN_IF_ERROR(Usable());
  return session()->connection->Send(kReleaseLease, Parameter::Text(absl::StrCat(session()->program, holder)));
}

absl::Status PostgresTransaction::SaveCoverage(absl::Span<const Coverage> coverage) {
  RETURN_IF_ERROR(Usable());
  Texts topics;
  Numbers partitions, untils;
  for (const Coverage& each : coverage) {
    topics.Add(each.topic);
    partitions.Add(each.partition);
    untils.Add(absl::ToUnixMicros(each.until));
  }
  return session()->connection->Send(kSaveCoverage, topics, partitions, untils);
}

absl::Status PostgresTransaction::SaveSourceVersions(absl::Span<const SourceVersion> versions) {
  RETURN_IF_ERROR(Usable());
  const auto keys = KeysOf(versions, [](const SourceVersion& version) -> const std::string& { return version.id.key; });
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session()->keys.FindAll(keys, true));
  ASSIGN_OR_RETURN(
      const std::vector<int64_t> sources,
      session()->names.FindAll(
          KeysOf(versions, [](const SourceVersion& version) -> const std::string& { return version.id.source; }),
          true));
  Numbers key_ids, source_ids, epochs, last;
  for (const size_t i : LastOfEach(versions, [](const SourceVersion& version) { return version.id; })) {
    key_ids.Add(ids[i]);
    source_ids.Add(sources[i]);
    epochs.Add(versions[i].epoch);
    last.Add(versions[i].last);
  }
  return session()->connection->Send(kSaveSourceVersions, key_ids, source_ids, epochs, last);
}

absl::Status PostgresTransaction::Park(absl::Span<const ParkedRow> rows) {
  RETURN_IF_ERROR(Usable());
  RETURN_IF_ERROR(session()->sealer->PrepareForeign(
      KeysOf(rows, [](const ParkedRow& row) -> const std::string& { return row.key; })));
  RecordColumns columns;
  for (const ParkedRow& row : rows) RETURN_IF_ERROR(columns.Add(*session(), "parked", row));
  return columns.Send(*session()->connection, kInsertParked);
}

absl::Status PostgresTransaction::AddDeadLetters(absl::Span<const DeadLetterRow> rows) {
  RETURN_IF_ERROR(Usable());
  RETURN_IF_ERROR(session()->sealer->PrepareForeign(
      KeysOf(rows, [](const DeadLetterRow& row) -> const std::string& { return row.record.key; })));
  RecordColumns columns;
  Texts reasons;
  Numbers attempts;
  for (const DeadLetterRow& row : rows) {
    RETURN_IF_ERROR(columns.Add(*session(), "dead_letter", row.record));
    reasons.Add(row.reason);
    attempts.Add(int64_t{row.attempts});
  }
  return columns.Send(*session()->connection, kInsertDeadLetters, reasons, attempts);
}

absl::Status PostgresTransaction::AppendAudit(absl::Span<const AuditRow> rows) {
  RETURN_IF_ERROR(Usable());
  Numbers times;
  Texts organisations, users, roles, purposes, actions, resources, outcomes, request_ids, traceparents;
  for (const AuditRow& row : rows) {
    AddMicros(times, row.time);
    organisations.Add(row.organisation);
    users.Add(row.user);
    roles.Add(row.role);
    purposes.Add(row.purpose);
    actions.Add(row.action);
    resources.Add(row.resource);
    outcomes.Add(row.outcome);
    request_ids.Add(row.request_id);
    traceparents.Add(row.traceparent);
  }
  return session()->connection->Send(kInsertAudit, times, organisations, users, roles, purposes, actions, resources,
                                     outcomes, request_ids, traceparents);
}

}  // namespace polku::store::postgres
