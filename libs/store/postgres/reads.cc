#include "libs/store/postgres/reads.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"
#include "libs/store/query_parameters.h"

namespace polku::store::postgres {
namespace {

#define POLKU_LOAD                                                                                 \
  "SELECT key_id, version, public_version, schema, due_at, last_sequence, content FROM aggregate " \
  "WHERE key_id = ANY($1) ORDER BY key_id"
constexpr char kLoad[] = POLKU_LOAD;
// All programs lock in this order: they wait for each other and not in a circle.
constexpr char kLock[] = POLKU_LOAD " FOR UPDATE";
#undef POLKU_LOAD
// LEFT JOINs: a row whose partner is lost must come out and be refused, not be left out.
#define POLKU_JOURNAL_COLUMNS "k.text, j.version, j.public_version, n.text, j.time, j.traceparent, j.content "
#define POLKU_JOURNAL_NAMES "LEFT JOIN aggregate_key k ON k.id = j.key_id LEFT JOIN name n ON n.id = j.type_id "
constexpr char kReadJournal[] = "SELECT j.sequence, " POLKU_JOURNAL_COLUMNS "FROM journal j " POLKU_JOURNAL_NAMES
                                "WHERE j.sequence = ANY($1) ORDER BY j.sequence LIMIT $2";
constexpr char kScanJournal[] = "SELECT j.sequence, " POLKU_JOURNAL_COLUMNS "FROM journal j " POLKU_JOURNAL_NAMES
                                "WHERE j.sequence > $1 ORDER BY j.sequence LIMIT $2";
constexpr char kScanChanges[] =
    "SELECT j.sequence, k.text, j.version, j.public_version, n.text, j.time FROM journal j " POLKU_JOURNAL_NAMES
    "WHERE j.sequence > $1 ORDER BY j.sequence LIMIT $2";
constexpr char kReadOutbox[] =
    "SELECT o.sequence, " POLKU_JOURNAL_COLUMNS
    "FROM (SELECT sequence FROM outbox WHERE sequence <> ALL($2) ORDER BY sequence LIMIT $1) o "
    "LEFT JOIN journal j ON j.sequence = o.sequence " POLKU_JOURNAL_NAMES "ORDER BY o.sequence";
#undef POLKU_JOURNAL_COLUMNS
#undef POLKU_JOURNAL_NAMES
constexpr char kNewestSequence[] = "SELECT COALESCE(MAX(sequence), 0) FROM journal";
constexpr char kLastSequence[] = "SELECT last_sequence FROM aggregate WHERE key_id = $1";
// From the row $1 back to the version behind $2.
constexpr char kWalkBack[] =
    "WITH RECURSIVE chain AS ("
    "SELECT sequence, key_id, previous, version FROM journal WHERE sequence = $1 UNION ALL "
    "SELECT j.sequence, j.key_id, j.previous, j.version FROM chain c JOIN journal j ON j.sequence = c.previous "
    "WHERE c.version > $2 + 1) SELECT * FROM chain";
constexpr char kReadSteps[] =
    "SELECT s.sequence, s.id, k.text, n.text, s.traceparent, s.content FROM step s "
    "LEFT JOIN aggregate_key k ON k.id = s.key_id LEFT JOIN name n ON n.id = s.type_id ORDER BY s.sequence LIMIT $1";
constexpr char kFindRequests[] =
    "SELECT q.n, k.text, r.field_hashes, t.text, r.time, r.content "
    "FROM unnest($1, $2) WITH ORDINALITY q(scope, request_id, n) JOIN request r USING (scope, request_id) "
    "LEFT JOIN aggregate_key k ON k.id = r.key_id LEFT JOIN name t ON t.id = r.reply_type_id ORDER BY q.n";
constexpr char kFindAliases[] =
    "SELECT q.n, k.text FROM unnest($1, $2) WITH ORDINALITY q(kind, keyed_hash, n) "
    "JOIN alias a USING (kind, keyed_hash) LEFT JOIN aggregate_key k ON k.id = a.key_id ORDER BY q.n";
constexpr char kFindSourceVersions[] =
    "SELECT DISTINCT ON (q.n) q.n, v.last, v.epoch FROM unnest($1, $2) WITH ORDINALITY q(key_id, source_id, n) "
    "JOIN source_version v USING (key_id, source_id) ORDER BY q.n, v.epoch DESC";
constexpr char kLimitStatements[] = "SELECT set_config('statement_timeout', $1, true)";
constexpr char kReadPositions[] =
    "SELECT topic, partition, next_offset, owner_epoch, covered_until, last_time FROM position ORDER BY topic, "
    "partition";
constexpr char kReadDue[] =
    "SELECT k.text, a.key_id FROM aggregate a LEFT JOIN aggregate_key k ON k.id = a.key_id "
    "WHERE a.due_at IS NOT NULL AND a.due_at <= $1 ORDER BY a.due_at, a.key_id LIMIT $2";
constexpr char kEarliestDue[] = "SELECT MIN(due_at) FROM aggregate WHERE due_at IS NOT NULL";
#define POLKU_RECORD_COLUMNS                                                                                        \
  "SELECT id, source, key, epoch, version, topic, partition, record_offset, type, traceparent, record_time, time, " \
  "content"
constexpr char kReadParked[] = POLKU_RECORD_COLUMNS " FROM parked WHERE source = $1 AND key = $2 ORDER BY id LIMIT $3";
constexpr char kReadDeadLetters[] =
    POLKU_RECORD_COLUMNS ", reason, attempts FROM dead_letter WHERE id > $1 ORDER BY id LIMIT $2";
constexpr char kFindDeadLetters[] =
    POLKU_RECORD_COLUMNS ", reason, attempts FROM dead_letter WHERE id = ANY($1) ORDER BY id";
#undef POLKU_RECORD_COLUMNS
constexpr char kListBlocked[] = "SELECT DISTINCT source, key FROM dead_letter WHERE version > 0";
constexpr char kReadKinds[] = "SELECT key_prefix, schema FROM kind ORDER BY key_prefix";
constexpr char kListParked[] =
    "SELECT source, key, MIN(topic), MIN(partition) FROM parked GROUP BY source, key ORDER BY MIN(id) LIMIT $1";
constexpr char kFindTombstones[] =
    "SELECT q.n, a.version, a.public_version FROM unnest($1) WITH ORDINALITY q(text, n) "
    "JOIN aggregate_key k USING (text) JOIN aggregate a ON a.key_id = k.id";
constexpr char kReadErasures[] =
    "SELECT k.text, e.first_version, a.version, a.public_version FROM erasure e "
    "LEFT JOIN aggregate_key k ON k.id = e.key_id LEFT JOIN aggregate a ON a.key_id = e.key_id "
    "ORDER BY e.key_id LIMIT $1";
constexpr char kReadAudit[] =
    "SELECT time, organisation, \"user\", role, purpose, action, resource, outcome, request_id, traceparent "
    "FROM audit WHERE resource >= $1 AND ($2 IS NULL OR resource < $2) ORDER BY id DESC LIMIT $3";

// One row of a result. A column that is NULL is 0 or empty.
class RowView {
 public:
  RowView(const Result& result, int row) : result_(result), row_(row) {}
  bool IsNull(int column) const { return result_.IsNull(row_, column); }
  int64_t Int(int column) const { return result_.Int(row_, column); }
  std::string Text(int column) const { return std::string(Bytes(column)); }
  absl::string_view Bytes(int column) const { return result_.Text(row_, column); }
  absl::Time Time(int column) const { return ToTime(IsNull(column) ? Value() : Value(Int(column))); }

 private:
  const Result& result_;
  const int row_;
};

// `read` makes one element of a row, or an error.
template <class T, class Read>
absl::StatusOr<std::vector<T>> Each(const absl::StatusOr<Result>& result, Read read) {
  RETURN_IF_ERROR(result.status());
  std::vector<T> rows;
  rows.reserve(result->rows());
  for (int row = 0; row < result->rows(); ++row) {
    absl::StatusOr<T> element = read(RowView(*result, row));
    if (!element.ok()) return std::move(element).status();
    rows.push_back(*std::move(element));
  }
  return rows;
}

Parameter UpTo(absl::Time time) {
  const Value micros = FromTime(time);
  return Parameter::Number(micros.index() == 0 ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(micros));
}

// The columns of POLKU_JOURNAL_COLUMNS behind the sequence.
absl::StatusOr<JournalRow> JournalOf(Session& session, const RowView& row) {
  JournalRow journal;
  journal.sequence = row.Int(0);
  if (row.IsNull(1) || row.IsNull(4)) {
    return session.sealer->Damaged("journal", absl::StrCat("sequence ", journal.sequence), "its partner rows are lost");
  }
  journal.key = row.Text(1);
  journal.version = row.Int(2);
  journal.public_version = row.Int(3);
  journal.type = row.Text(4);
  journal.time = row.Time(5);
  journal.traceparent = row.Text(6);
  journal.outlives_key = RowSealer::IsKept(row.Bytes(7));
  RETURN_IF_ERROR(Take(session.sealer->Unwrap(journal.key, PlaceOfJournal(session.place, journal), row.Bytes(7)),
                       journal.payload, journal.erased));
  return journal;
}

// The columns of POLKU_RECORD_COLUMNS.
absl::StatusOr<ParkedRow> RecordOf(Session& session, absl::string_view table, const RowView& row) {
  ParkedRow record;
  record.id = row.Int(0);
  record.source = row.Text(1);
  record.key = row.Text(2);
  record.epoch = row.Int(3);
  record.version = row.Int(4);
  record.topic = row.Text(5);
  record.partition = static_cast<int>(row.Int(6));
  record.offset = row.Int(7);
  record.type = row.Text(8);
  record.traceparent = row.Text(9);
  record.record_time = row.Time(10);
  record.time = row.Time(11);
  RETURN_IF_ERROR(Take(session.sealer->Unwrap(record.key, PlaceOfRecord(session.place, table, record), row.Bytes(12)),
                       record.payload, record.erased));
  return record;
}

absl::StatusOr<DeadLetterRow> DeadLetterOf(Session& session, const RowView& row) {
  ASSIGN_OR_RETURN(ParkedRow record, RecordOf(session, "dead_letter", row));
  return DeadLetterRow{std::move(record), row.Text(13), static_cast<int>(row.Int(14))};
}

// Source and key alone.
absl::StatusOr<ParkedRow> KeyOf(const RowView& row) {
  ParkedRow record;
  record.source = row.Text(0);
  record.key = row.Text(1);
  return record;
}

absl::StatusOr<ParkedRow> KeyAndPlaceOf(const RowView& row) {
  ASSIGN_OR_RETURN(ParkedRow record, KeyOf(row));
  record.topic = row.Text(2);
  record.partition = static_cast<int>(row.Int(3));
  return record;
}

// True when the text of a query is at fault: it does not parse, names what is not there, or writes.
bool IsRefusedText(absl::string_view sqlstate) {
  const absl::string_view kind = sqlstate.substr(0, 2);
  return kind == "42" || kind == "0A" || kind == "21" || sqlstate == "25006" || sqlstate == "08P01";
}

}  // namespace

template <class Interface>
absl::Status Reads<Interface>::LoadRow(const Result& found, int row, StoredAggregate& aggregate) {
  const std::string key = aggregate.key;
  aggregate.version = found.Int(row, 1);
  aggregate.public_version = found.Int(row, 2);
  aggregate.schema = static_cast<int32_t>(found.Int(row, 3));
  if (!found.IsNull(row, 4)) aggregate.due_at = ToTime(found.Int(row, 4));
  const absl::string_view content = found.Text(row, 6);
  RETURN_IF_ERROR(Take(session_->sealer->Unwrap(key, PlaceOfAggregate(session_->place, aggregate), content),
                       aggregate.state, aggregate.erased));
  if (RowSealer::IsKept(content) || aggregate.erased) {
    aggregate = StoredAggregate();
    aggregate.key = key;
    aggregate.erased = true;
    return absl::OkStatus();
  }
  Loaded(found.Int(row, 0), aggregate, found.Int(row, 5));
  return absl::OkStatus();
}

template <class Interface>
absl::StatusOr<std::vector<StoredAggregate>> Reads<Interface>::Load(absl::Span<const std::string> keys) {
  RETURN_IF_ERROR(Usable());
  const std::vector<absl::string_view> texts(keys.begin(), keys.end());
  RETURN_IF_ERROR(session_->sealer->ReadAhead(texts));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session_->keys.FindAll(texts, false));
  Numbers asked;
  for (const int64_t id : ids) {
    if (id != 0) asked.Add(id);
  }
  constexpr bool kWrites = std::is_same_v<Interface, Transaction>;
  ASSIGN_OR_RETURN(const Result found, session_->connection->Run(kWrites ? kLock : kLoad, asked));
  absl::flat_hash_map<int64_t, int> rows;
  for (int row = 0; row < found.rows(); ++row) rows.emplace(found.Int(row, 0), row);
  std::vector<StoredAggregate> aggregates(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    aggregates[i].key = keys[i];
    if (const auto row = rows.find(ids[i]); row != rows.end()) {
      RETURN_IF_ERROR(LoadRow(found, row->second, aggregates[i]));
    } else {
      // It may have been erased without ever having had a row here.
      ASSIGN_OR_RETURN(aggregates[i].erased, session_->sealer->IsErasedKey(keys[i]));
    }
  }
  return aggregates;
}

// A transaction may write: the savepoint takes that away for the query alone.
template <class Interface>
absl::StatusOr<std::vector<Row>> Reads<Interface>::Query(absl::string_view sql, absl::Span<const Value> parameters) {
  RETURN_IF_ERROR(Usable());
  if (const int taken = HighestParameter(sql); taken != static_cast<int>(parameters.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("query takes ", taken, " parameters, not ", parameters.size(), ": ", sql));
  }
  std::vector<Parameter> values;
  values.reserve(parameters.size());
  for (const Value& value : parameters) values.push_back(Parameter::Of(value));
  std::vector<const Parameter*> pointers;
  for (const Parameter& value : values) pointers.push_back(&value);
  Connection& connection = *session_->connection;
  // What was sent before has its own errors.
  RETURN_IF_ERROR(connection.Await());
  constexpr bool kWrites = std::is_same_v<Interface, Transaction>;
  if (kWrites) {
    RETURN_IF_ERROR(connection.SendText("SAVEPOINT query", {}));
    RETURN_IF_ERROR(connection.SendText("SET LOCAL transaction_read_only = on", {}));
  }
  RETURN_IF_ERROR(connection.SendText(std::string(sql), pointers));
  if (kWrites) RETURN_IF_ERROR(connection.SendText("RELEASE query", {}));
  const absl::StatusOr<Result> found = connection.Collect(kWrites ? 1 : 0);
  if (!found.ok() && IsRefusedText(connection.sqlstate())) {
    return absl::InvalidArgumentError(absl::StrCat(found.status().message(), ": ", sql));
  }
  RETURN_IF_ERROR(found.status());
  std::vector<Row> rows(found->rows(), Row(found->columns()));
  for (int row = 0; row < found->rows(); ++row) {
    for (int column = 0; column < found->columns(); ++column) {
      ASSIGN_OR_RETURN(rows[row][column], found->ColumnValue(row, column));
    }
  }
  return rows;
}

template <class Interface>
absl::StatusOr<std::vector<JournalRow>> Reads<Interface>::ReadJournal(absl::string_view key, int64_t after, int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const int64_t id, session_->keys.Find(key, false));
  if (id == 0) return std::vector<JournalRow>();
  ASSIGN_OR_RETURN(const std::vector<int64_t> sequences, WalkBack(id, key, after));
  Numbers asked;
  for (const int64_t sequence : sequences) asked.Add(sequence);
  return Each<JournalRow>(session_->connection->Run(kReadJournal, asked, Parameter::Number(limit)),
                          [this](const RowView& row) { return JournalOf(*session_, row); });
}

template <class Interface>
absl::StatusOr<std::vector<int64_t>> Reads<Interface>::WalkBack(int64_t key_id, absl::string_view key, int64_t after) {
  int64_t sequence = UnwrittenHead(key_id);
  if (sequence == 0) {
    ASSIGN_OR_RETURN(const Result last, session_->connection->Run(kLastSequence, Parameter::Number(key_id)));
    if (last.rows() > 0) sequence = last.Int(0, 0);
  }
  std::vector<int64_t> sequences;
  if (sequence == 0) return sequences;
  ASSIGN_OR_RETURN(const Result chain,
                   session_->connection->Run(kWalkBack, Parameter::Number(sequence), Parameter::Number(after)));
  int64_t version = 0;
  for (int row = 0; sequence != 0; ++row) {
    const bool found = row < chain.rows() && chain.Int(row, 0) == sequence && chain.Int(row, 1) == key_id;
    if (!found || (version != 0 && chain.Int(row, 3) != version - 1)) {
      return session_->sealer->Damaged("journal", key, absl::StrCat("its chain breaks at sequence ", sequence));
    }
    version = chain.Int(row, 3);
    if (version > after) sequences.push_back(sequence);
    sequence = version > after + 1 ? chain.Int(row, 2) : 0;
  }
  return sequences;
}

template <class Interface>
absl::StatusOr<std::vector<JournalRow>> Reads<Interface>::ScanJournal(int64_t after_sequence, int limit) {
  RETURN_IF_ERROR(Usable());
  return Each<JournalRow>(
      session_->connection->Run(kScanJournal, Parameter::Number(after_sequence), Parameter::Number(limit)),
      [this](const RowView& row) { return JournalOf(*session_, row); });
}

template <class Interface>
absl::StatusOr<std::vector<JournalRow>> Reads<Interface>::ScanChanges(int64_t after_sequence, int limit) {
  RETURN_IF_ERROR(Usable());
  return Each<JournalRow>(
      session_->connection->Run(kScanChanges, Parameter::Number(after_sequence), Parameter::Number(limit)),
      [this](const RowView& row) -> absl::StatusOr<JournalRow> {
        if (row.IsNull(1) || row.IsNull(4)) {
          return session_->sealer->Damaged("journal", absl::StrCat("sequence ", row.Int(0)), "its key or type is lost");
        }
        return JournalRow{row.Text(1), row.Int(2), row.Int(3), row.Text(4), "", row.Time(5), "", row.Int(0)};
      });
}

template <class Interface>
absl::StatusOr<int64_t> Reads<Interface>::LastSequence() {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const Result newest, session_->connection->Run(kNewestSequence));
  return newest.Int(0, 0);
}

template <class Interface>
absl::StatusOr<std::vector<OutboxRow>> Reads<Interface>::ReadOutbox(int limit, absl::Span<const int64_t> sent) {
  RETURN_IF_ERROR(Usable());
  Numbers skipped;
  for (const int64_t sequence : sent) skipped.Add(sequence);
  return Each<OutboxRow>(session_->connection->Run(kReadOutbox, Parameter::Number(limit), skipped),
                         [this](const RowView& row) -> absl::StatusOr<OutboxRow> {
                           if (row.IsNull(2)) {
                             return session_->sealer->Damaged("outbox", absl::StrCat("sequence ", row.Int(0)),
                                                              "its journal row is lost");
                           }
                           ASSIGN_OR_RETURN(JournalRow event, JournalOf(*session_, row));
                           return OutboxRow{row.Int(0), std::move(event)};
                         });
}

template <class Interface>
absl::StatusOr<std::vector<StepRow>> Reads<Interface>::ReadSteps(int limit) {
  RETURN_IF_ERROR(Usable());
  return Each<StepRow>(
      session_->connection->Run(kReadSteps, Parameter::Number(limit)),
      [this](const RowView& row) -> absl::StatusOr<StepRow> {
        StepRow step{row.Text(1), row.Text(2), row.Text(3), "", row.Text(4), row.Int(0)};
        const Place& place = PlaceOfStep(session_->place, step);
        RETURN_IF_ERROR(Take(session_->sealer->Unwrap(step.key, place, row.Bytes(5)), step.payload, step.erased));
        return step;
      });
}

template <class Interface>
absl::StatusOr<std::vector<RequestRow>> Reads<Interface>::FindRequests(absl::Span<const RequestKey> ids) {
  RETURN_IF_ERROR(Usable());
  Texts scopes;
  Texts request_ids;
  for (const RequestKey& id : ids) {
    scopes.Add(id.scope);
    request_ids.Add(id.request_id);
  }
  ASSIGN_OR_RETURN(const Result found, session_->connection->Run(kFindRequests, scopes, request_ids));
  std::vector<RequestRow> requests;
  requests.reserve(found.rows());
  for (int i = 0; i < found.rows(); ++i) {
    const RowView row(found, i);
    RequestRow request{ids[row.Int(0) - 1], row.Text(1), row.Text(2), row.Text(3), "", row.Time(4)};
    const Place& place = PlaceOfRequest(session_->place, request);
    request.outlives_key = RowSealer::IsKept(row.Bytes(5));
    bool erased = false;
    RETURN_IF_ERROR(Take(session_->sealer->Unwrap(request.key, place, row.Bytes(5)), request.reply, erased));
    if (!erased) requests.push_back(std::move(request));
  }
  return requests;
}

template <class Interface>
absl::StatusOr<std::vector<AliasRow>> Reads<Interface>::FindAliases(absl::Span<const AliasRow> kind_and_hash) {
  RETURN_IF_ERROR(Usable());
  Texts kinds;
  ByteStrings hashes;
  for (const AliasRow& alias : kind_and_hash) {
    kinds.Add(alias.kind);
    hashes.Add(alias.keyed_hash);
  }
  return Each<AliasRow>(session_->connection->Run(kFindAliases, kinds, hashes),
                        [this, kind_and_hash](const RowView& row) -> absl::StatusOr<AliasRow> {
                          const AliasRow& asked = kind_and_hash[row.Int(0) - 1];
                          if (!row.IsNull(1)) return AliasRow{asked.kind, asked.keyed_hash, row.Text(1)};
                          return session_->sealer->Damaged("alias", asked.kind, "its aggregate_key row is lost");
                        });
}

template <class Interface>
absl::StatusOr<std::vector<SourceVersion>> Reads<Interface>::FindSourceVersions(
    absl::Span<const SourceVersionKey> ids) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const std::vector<int64_t> keys,
                   session_->keys.FindAll(
                       KeysOf(ids, [](const SourceVersionKey& id) -> const std::string& { return id.key; }), false));
  ASSIGN_OR_RETURN(const std::vector<int64_t> sources,
                   session_->names.FindAll(
                       KeysOf(ids, [](const SourceVersionKey& id) -> const std::string& { return id.source; }), false));
  Numbers key_ids;
  Numbers source_ids;
  for (size_t i = 0; i < ids.size(); ++i) {
    key_ids.Add(keys[i]);
    source_ids.Add(sources[i]);
  }
  return Each<SourceVersion>(session_->connection->Run(kFindSourceVersions, key_ids, source_ids),
                             [ids](const RowView& row) -> absl::StatusOr<SourceVersion> {
                               return SourceVersion{ids[row.Int(0) - 1], row.Int(1), row.Int(2)};
                             });
}

template <class Interface>
void Reads<Interface>::LimitTo(absl::Duration longest) {
  const int64_t millis = std::max<int64_t>(1, absl::ToInt64Milliseconds(longest));
  // Its error, if any, is that of what comes next.
  (void)session_->connection->Send(kLimitStatements, Parameter::Text(absl::StrCat(millis)));
}

template <class Interface>
absl::StatusOr<std::vector<PositionRow>> Reads<Interface>::ReadPositions() {
  RETURN_IF_ERROR(Usable());
  return Each<PositionRow>(session_->connection->Run(kReadPositions),
                           [](const RowView& row) -> absl::StatusOr<PositionRow> {
                             PositionRow position{row.Text(0), static_cast<int>(row.Int(1)), row.Int(2), row.Int(3)};
                             if (!row.IsNull(4)) position.covered_until = absl::FromUnixMicros(row.Int(4));
                             if (!row.IsNull(5)) position.last_time = absl::FromUnixMicros(row.Int(5));
                             return position;
                           });
}

template <class Interface>
absl::StatusOr<std::vector<std::string>> Reads<Interface>::ReadDue(absl::Time until, int limit) {
  RETURN_IF_ERROR(Usable());
  return Each<std::string>(session_->connection->Run(kReadDue, UpTo(until), Parameter::Number(limit)),
                           [this](const RowView& row) -> absl::StatusOr<std::string> {
                             if (!row.IsNull(0)) return row.Text(0);
                             return session_->sealer->Damaged("aggregate", absl::StrCat("number ", row.Int(1)),
                                                              "its aggregate_key row is lost");
                           });
}

template <class Interface>
absl::StatusOr<std::optional<absl::Time>> Reads<Interface>::EarliestDue() {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const Result found, session_->connection->Run(kEarliestDue));
  return found.IsNull(0, 0) ? std::nullopt : std::optional(ToTime(found.Int(0, 0)));
}

template <class Interface>
absl::StatusOr<std::vector<ParkedRow>> Reads<Interface>::ReadParked(absl::string_view source, absl::string_view key,
                                                                    int limit) {
  RETURN_IF_ERROR(Usable());
  return Each<ParkedRow>(
      session_->connection->Run(kReadParked, Parameter::Text(source), Parameter::Text(key), Parameter::Number(limit)),
      [this](const RowView& row) { return RecordOf(*session_, "parked", row); });
}

template <class Interface>
absl::StatusOr<std::vector<ParkedRow>> Reads<Interface>::ListParkedKeys(int limit) {
  RETURN_IF_ERROR(Usable());
  return Each<ParkedRow>(session_->connection->Run(kListParked, Parameter::Number(limit)), KeyAndPlaceOf);
}

template <class Interface>
absl::StatusOr<std::vector<DeadLetterRow>> Reads<Interface>::ReadDeadLetters(int64_t after, int limit) {
  RETURN_IF_ERROR(Usable());
  return Each<DeadLetterRow>(
      session_->connection->Run(kReadDeadLetters, Parameter::Number(after), Parameter::Number(limit)),
      [this](const RowView& row) { return DeadLetterOf(*session_, row); });
}

template <class Interface>
absl::StatusOr<std::vector<DeadLetterRow>> Reads<Interface>::FindDeadLetters(absl::Span<const int64_t> ids) {
  RETURN_IF_ERROR(Usable());
  Numbers asked;
  for (const int64_t id : ids) asked.Add(id);
  return Each<DeadLetterRow>(session_->connection->Run(kFindDeadLetters, asked),
                             [this](const RowView& row) { return DeadLetterOf(*session_, row); });
}

template <class Interface>
absl::StatusOr<std::vector<ParkedRow>> Reads<Interface>::ListBlockedKeys() {
  RETURN_IF_ERROR(Usable());
  return Each<ParkedRow>(session_->connection->Run(kListBlocked), KeyOf);
}

template <class Interface>
absl::StatusOr<std::vector<KindRow>> Reads<Interface>::ReadKinds() {
  RETURN_IF_ERROR(Usable());
  return Each<KindRow>(session_->connection->Run(kReadKinds), [](const RowView& row) -> absl::StatusOr<KindRow> {
    return KindRow{row.Text(0), static_cast<int32_t>(row.Int(1))};
  });
}

template <class Interface>
absl::StatusOr<std::vector<Erasure>> Reads<Interface>::FindErased(absl::Span<const std::string> keys) {
  RETURN_IF_ERROR(Usable());
  std::vector<Erasure> erased;
  Texts asked;
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const bool is_erased, session_->sealer->IsErasedKey(key));
    if (!is_erased) continue;
    erased.emplace_back().key = key;
    asked.Add(key);
  }
  ASSIGN_OR_RETURN(const Result found, session_->connection->Run(kFindTombstones, asked));
  for (int row = 0; row < found.rows(); ++row) {
    Erasure& tombstone = erased[found.Int(row, 0) - 1];
    tombstone.version = found.Int(row, 1);
    tombstone.public_version = found.Int(row, 2);
  }
  return erased;
}

template <class Interface>
absl::StatusOr<std::vector<Erasure>> Reads<Interface>::ReadErasures(int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(std::vector<Erasure> erasures,
                   Each<Erasure>(session_->connection->Run(kReadErasures, Parameter::Number(limit)),
                                 [this](const RowView& row) -> absl::StatusOr<Erasure> {
                                   if (!row.IsNull(0)) {
                                     return Erasure{row.Text(0), row.Int(1), row.Int(2), row.Int(3), {}};
                                   }
                                   return session_->sealer->Damaged("erasure", "", "its aggregate_key row is lost");
                                 }));
  for (Erasure& erasure : erasures) {
    const auto all = static_cast<int>(std::max<int64_t>(0, erasure.version - erasure.first_version + 1));
    ASSIGN_OR_RETURN(std::vector<JournalRow> rows, ReadJournal(erasure.key, erasure.first_version - 1, all));
    for (JournalRow& row : rows) {
      if (row.outlives_key) erasure.events.push_back(std::move(row));
    }
  }
  return erasures;
}

template <class Interface>
absl::StatusOr<std::vector<AuditRow>> Reads<Interface>::ReadAudit(absl::string_view resource_prefix, int limit) {
  RETURN_IF_ERROR(Usable());
  const Value past = PastPrefix(resource_prefix);
  return Each<AuditRow>(session_->connection->Run(kReadAudit, Parameter::Text(resource_prefix),
                                                  Parameter::Of(past, kText), Parameter::Number(limit)),
                        [](const RowView& row) -> absl::StatusOr<AuditRow> {
                          return AuditRow{row.Time(0), row.Text(1), row.Text(2), row.Text(3), row.Text(4),
                                          row.Text(5), row.Text(6), row.Text(7), row.Text(8), row.Text(9)};
                        });
}

template class Reads<Reader>;
template class Reads<Transaction>;

}  // namespace polku::store::postgres
