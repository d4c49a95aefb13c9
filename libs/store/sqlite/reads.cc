#include "libs/store/sqlite/reads.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/store/dialect.h"
#include "libs/store/query_parameters.h"

namespace polku::store::sqlite {
namespace {

constexpr char kLoad[] =
    "SELECT version, public_version, schema, due_at, last_sequence, content FROM aggregate WHERE key_id = ?1";

// LEFT JOINs: a row whose partner is lost must come out and be refused, not be left out.
#define POLKU_JOURNAL_COLUMNS \
  "SELECT j.sequence, k.text, j.version, j.public_version, n.text, j.time, j.traceparent, j.content "
#define POLKU_JOURNAL_NAMES "LEFT JOIN aggregate_key k ON k.id = j.key_id LEFT JOIN name n ON n.id = j.type_id "
constexpr char kReadJournal[] = POLKU_JOURNAL_COLUMNS "FROM journal j " POLKU_JOURNAL_NAMES "WHERE j.sequence = ?1";
constexpr char kLastSequence[] = "SELECT last_sequence FROM aggregate WHERE key_id = ?1";
constexpr char kPrevious[] = "SELECT key_id, previous, version FROM journal WHERE sequence = ?1";
constexpr char kScanJournal[] =
    POLKU_JOURNAL_COLUMNS "FROM journal j " POLKU_JOURNAL_NAMES "WHERE j.sequence > ?1 ORDER BY j.sequence LIMIT ?2";
constexpr char kScanChanges[] =
    "SELECT j.sequence, k.text, j.version, j.public_version, n.text, j.time FROM journal j " POLKU_JOURNAL_NAMES
    "WHERE j.sequence > ?1 ORDER BY j.sequence LIMIT ?2";
constexpr char kNewestSequence[] = "SELECT IFNULL(MAX(sequence), 0) FROM journal";
constexpr char kListOutbox[] = "SELECT sequence FROM outbox ORDER BY sequence LIMIT ?1";
#undef POLKU_JOURNAL_COLUMNS
#undef POLKU_JOURNAL_NAMES
constexpr char kReadSteps[] =
    "SELECT s.sequence, s.id, k.text, n.text, s.traceparent, s.content FROM step s "
    "LEFT JOIN aggregate_key k ON k.id = s.key_id LEFT JOIN name n ON n.id = s.type_id ORDER BY s.sequence LIMIT ?1";
constexpr char kFindRequest[] =
    "SELECT k.text, r.field_hashes, n.text, r.time, r.content FROM request r "
    "LEFT JOIN aggregate_key k ON k.id = r.key_id LEFT JOIN name n ON n.id = r.reply_type_id "
    "WHERE r.scope = ?1 AND r.request_id = ?2";
constexpr char kFindAlias[] =
    "SELECT k.text FROM alias a LEFT JOIN aggregate_key k ON k.id = a.key_id WHERE a.kind = ?1 AND a.keyed_hash = ?2";
constexpr char kFindSourceVersion[] =
    "SELECT last, epoch FROM source_version WHERE key_id = ?1 AND source_id = ?2 ORDER BY epoch DESC LIMIT 1";
constexpr char kReadPositions[] =
    "SELECT topic, partition, next_offset, owner_epoch, last_time FROM position ORDER BY topic, partition";
constexpr char kReadDue[] =
    "SELECT k.text, a.key_id FROM aggregate a LEFT JOIN aggregate_key k ON k.id = a.key_id "
    "WHERE a.due_at IS NOT NULL AND a.due_at <= ?1 ORDER BY a.due_at, a.key_id LIMIT ?2";
constexpr char kEarliestDue[] = "SELECT MIN(due_at) FROM aggregate WHERE due_at IS NOT NULL";
#define POLKU_RECORD_COLUMNS                                                                                        \
  "SELECT id, source, key, epoch, version, topic, partition, record_offset, type, traceparent, record_time, time, " \
  "content"
constexpr char kReadParked[] = POLKU_RECORD_COLUMNS " FROM parked WHERE source = ?1 AND key = ?2 ORDER BY id LIMIT ?3";
constexpr char kReadDeadLetters[] =
    POLKU_RECORD_COLUMNS ", reason, attempts FROM dead_letter WHERE id > ?1 ORDER BY id LIMIT ?2";
constexpr char kFindDeadLetter[] = POLKU_RECORD_COLUMNS ", reason, attempts FROM dead_letter WHERE id = ?1";
#undef POLKU_RECORD_COLUMNS
constexpr char kListBlocked[] = "SELECT DISTINCT source, key FROM dead_letter WHERE version > 0";
constexpr char kReadKinds[] = "SELECT key_prefix, schema FROM kind ORDER BY key_prefix";
constexpr char kListParked[] =
    "SELECT source, key, MIN(topic), MIN(partition) FROM parked GROUP BY source, key ORDER BY MIN(id) LIMIT ?1";
constexpr char kFindTombstone[] =
    "SELECT a.version, a.public_version FROM aggregate a JOIN aggregate_key k ON k.id = a.key_id WHERE k.text = ?1";
constexpr char kReadErasures[] =
    "SELECT k.text, e.first_version, a.version, a.public_version FROM erasure e "
    "LEFT JOIN aggregate_key k ON k.id = e.key_id LEFT JOIN aggregate a ON a.key_id = e.key_id "
    "ORDER BY e.key_id LIMIT ?1";
constexpr char kReadAudit[] =
    "SELECT time, organisation, user, role, purpose, action, resource, outcome, request_id, traceparent FROM audit "
    "WHERE resource >= ?1 AND (?2 IS NULL OR resource < ?2) ORDER BY id DESC LIMIT ?3";

std::string TextOf(const Statement& row, int column) { return std::string(row.Text(column)); }

absl::Time TimeOf(const Statement& row, int column) {
  return ToTime(row.IsNull(column) ? Value() : Value(row.Int(column)));
}

// The columns of POLKU_JOURNAL_COLUMNS.
absl::StatusOr<JournalRow> JournalOf(Session& session, const Statement& row) {
  JournalRow journal;
  journal.sequence = row.Int(0);
  if (row.IsNull(1) || row.IsNull(4)) {
    return session.sealer->Damaged("journal", absl::StrCat("sequence ", journal.sequence), "its partner rows are lost");
  }
  journal.key = TextOf(row, 1);
  journal.version = row.Int(2);
  journal.public_version = row.Int(3);
  journal.type = TextOf(row, 4);
  journal.time = TimeOf(row, 5);
  journal.traceparent = TextOf(row, 6);
  journal.outlives_key = RowSealer::IsKept(row.Bytes(7));
  RETURN_IF_ERROR(Take(session.sealer->Unwrap(journal.key, PlaceOfJournal(session.place, journal), row.Bytes(7)),
                       journal.payload, journal.erased));
  return journal;
}

// The columns of POLKU_RECORD_COLUMNS.
absl::StatusOr<ParkedRow> RecordOf(Session& session, absl::string_view table, const Statement& row) {
  ParkedRow record;
  record.id = row.Int(0);
  record.source = TextOf(row, 1);
  record.key = TextOf(row, 2);
  record.epoch = row.Int(3);
  record.version = row.Int(4);
  record.topic = TextOf(row, 5);
  record.partition = static_cast<int>(row.Int(6));
  record.offset = row.Int(7);
  record.type = TextOf(row, 8);
  record.traceparent = TextOf(row, 9);
  record.record_time = TimeOf(row, 10);
  record.time = TimeOf(row, 11);
  RETURN_IF_ERROR(Take(session.sealer->Unwrap(record.key, PlaceOfRecord(session.place, table, record), row.Bytes(12)),
                       record.payload, record.erased));
  return record;
}

absl::StatusOr<DeadLetterRow> DeadLetterOf(Session& session, const Statement& row) {
  ASSIGN_OR_RETURN(ParkedRow record, RecordOf(session, "dead_letter", row));
  return DeadLetterRow{std::move(record), TextOf(row, 13), static_cast<int>(row.Int(14))};
}

// Source and key alone.
absl::StatusOr<ParkedRow> KeyOf(const Statement& row) {
  ParkedRow record;
  record.source = TextOf(row, 0);
  record.key = TextOf(row, 1);
  return record;
}

absl::StatusOr<ParkedRow> KeyAndPlaceOf(const Statement& row) {
  ASSIGN_OR_RETURN(ParkedRow record, KeyOf(row));
  record.topic = TextOf(row, 2);
  record.partition = static_cast<int>(row.Int(3));
  return record;
}

// Runs `statement` to its end; `read` makes one element of a row, or an error.
template <class T, class Read>
absl::StatusOr<std::vector<T>> Collect(Statement& statement, Read read) {
  std::vector<T> rows;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return rows;
    absl::StatusOr<T> element = read(statement);
    if (!element.ok()) {
      statement.Reset();
      return std::move(element).status();
    }
    rows.push_back(*std::move(element));
  }
}

absl::StatusOr<Row> RowOf(const Statement& statement) {
  Row row;
  row.reserve(statement.columns());
  for (int i = 0; i < statement.columns(); ++i) {
    ASSIGN_OR_RETURN(Value value, statement.ColumnValue(i));
    row.push_back(std::move(value));
  }
  return row;
}

}  // namespace

template <class Interface>
absl::StatusOr<std::vector<StoredAggregate>> Reads<Interface>::Load(absl::Span<const std::string> keys) {
  RETURN_IF_ERROR(Usable());
  const std::vector<absl::string_view> texts(keys.begin(), keys.end());
  RETURN_IF_ERROR(session_->sealer->ReadAhead(texts));
  ASSIGN_OR_RETURN(const std::vector<int64_t> ids, session_->keys.FindAll(texts, false));
  std::vector<std::pair<int64_t, size_t>> order;
  order.reserve(keys.size());
  std::vector<StoredAggregate> aggregates(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    aggregates[i].key = keys[i];
    if (ids[i] != 0) order.emplace_back(ids[i], i);
    // It may have been erased without ever having had a row here.
    if (ids[i] != 0) continue;
    ASSIGN_OR_RETURN(aggregates[i].erased, session_->sealer->IsErasedKey(keys[i]));
  }
  std::sort(order.begin(), order.end());
  ASSIGN_OR_RETURN(Statement * load, session_->connection->Get(kLoad));
  for (const auto& [id, i] : order) {
    StoredAggregate& aggregate = aggregates[i];
    load->Bind(1, id);
    ASSIGN_OR_RETURN(const bool found, load->Step());
    if (!found) {
      ASSIGN_OR_RETURN(aggregate.erased, session_->sealer->IsErasedKey(aggregate.key));
      continue;
    }
    aggregate.version = load->Int(0);
    aggregate.public_version = load->Int(1);
    aggregate.schema = static_cast<int32_t>(load->Int(2));
    if (!load->IsNull(3)) aggregate.due_at = ToTime(load->Int(3));
    absl::StatusOr<std::string> state =
        session_->sealer->Unwrap(aggregate.key, PlaceOfAggregate(session_->place, aggregate), load->Bytes(5));
    const bool tombstone = RowSealer::IsKept(load->Bytes(5));
    const int64_t last_sequence = load->Int(4);
    load->Reset();
    RETURN_IF_ERROR(Take(std::move(state), aggregate.state, aggregate.erased));
    if (tombstone || aggregate.erased) {
      aggregate = StoredAggregate();
      aggregate.key = keys[i];
      aggregate.erased = true;
      continue;
    }
    Loaded(id, aggregate, last_sequence);
  }
  return aggregates;
}

template <class Interface>
absl::StatusOr<std::vector<Row>> Reads<Interface>::Query(absl::string_view sql, absl::Span<const Value> parameters) {
  RETURN_IF_ERROR(Usable());
  auto it = session_->queries.find(sql);
  if (it == session_->queries.end()) it = session_->queries.emplace(sql, RewriteParameters(sql)).first;
  ASSIGN_OR_RETURN(Statement * query, session_->connection->GetText(it->second));
  if (!query->read_only()) return absl::InvalidArgumentError(absl::StrCat("a query that writes: ", sql));
  if (query->parameters() != static_cast<int>(parameters.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat("query takes ", query->parameters(), " parameters, not ", parameters.size(), ": ", sql));
  }
  for (size_t i = 0; i < parameters.size(); ++i) query->BindValue(static_cast<int>(i) + 1, parameters[i]);
  return Collect<Row>(*query, RowOf);
}

template <class Interface>
absl::StatusOr<std::vector<JournalRow>> Reads<Interface>::ReadJournal(absl::string_view key, int64_t after, int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(const std::optional<int64_t> id, session_->keys.Find(key));
  std::vector<JournalRow> rows;
  if (!id.has_value()) return rows;
  ASSIGN_OR_RETURN(const std::vector<int64_t> sequences, WalkBack(*id, key, after));
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadJournal));
  for (auto it = sequences.rbegin(); it != sequences.rend() && static_cast<int>(rows.size()) < limit; ++it) {
    read->Bind(1, *it);
    ASSIGN_OR_RETURN(std::vector<JournalRow> row, Collect<JournalRow>(*read, [this](const Statement& found) {
                       return JournalOf(*session_, found);
                     }));
    for (JournalRow& one : row) rows.push_back(std::move(one));
  }
  return rows;
}

template <class Interface>
absl::StatusOr<std::vector<int64_t>> Reads<Interface>::WalkBack(int64_t key_id, absl::string_view key, int64_t after) {
  int64_t sequence = UnwrittenHead(key_id);
  if (sequence == 0) {
    ASSIGN_OR_RETURN(Statement * last, session_->connection->Get(kLastSequence));
    last->Bind(1, key_id);
    ASSIGN_OR_RETURN(const bool found, last->Step());
    if (found) sequence = last->Int(0);
    last->Reset();
  }
  ASSIGN_OR_RETURN(Statement * previous, session_->connection->Get(kPrevious));
  std::vector<int64_t> sequences;
  for (int64_t version = 0; sequence != 0;) {
    previous->Bind(1, sequence);
    ASSIGN_OR_RETURN(const bool found, previous->Step());
    const bool fits = found && previous->Int(0) == key_id && (version == 0 || previous->Int(2) == version - 1);
    const int64_t older = fits ? previous->Int(1) : 0;
    version = fits ? previous->Int(2) : 0;
    previous->Reset();
    if (!fits) {
      return session_->sealer->Damaged("journal", key, absl::StrCat("its chain breaks at sequence ", sequence));
    }
    if (version <= after) break;
    sequences.push_back(sequence);
    sequence = older;
  }
  return sequences;
}

template <class Interface>
absl::StatusOr<std::vector<JournalRow>> Reads<Interface>::ScanJournal(int64_t after_sequence, int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * scan, session_->connection->Get(kScanJournal));
  scan->Bind(1, after_sequence);
  scan->Bind(2, limit);
  return Collect<JournalRow>(*scan, [this](const Statement& row) { return JournalOf(*session_, row); });
}

template <class Interface>
absl::StatusOr<std::vector<JournalRow>> Reads<Interface>::ScanChanges(int64_t after_sequence, int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * scan, session_->connection->Get(kScanChanges));
  scan->Bind(1, after_sequence);
  scan->Bind(2, limit);
  return Collect<JournalRow>(*scan, [this](const Statement& row) -> absl::StatusOr<JournalRow> {
    if (row.IsNull(1) || row.IsNull(4)) {
      return session_->sealer->Damaged("journal", absl::StrCat("sequence ", row.Int(0)), "its key or type is lost");
    }
    return JournalRow{TextOf(row, 1), row.Int(2), row.Int(3), TextOf(row, 4), "", TimeOf(row, 5), "", row.Int(0)};
  });
}

template <class Interface>
absl::StatusOr<int64_t> Reads<Interface>::LastSequence() {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * newest, session_->connection->Get(kNewestSequence));
  ASSIGN_OR_RETURN(const bool found, newest->Step());
  const int64_t sequence = found ? newest->Int(0) : 0;
  newest->Reset();
  return sequence;
}

template <class Interface>
absl::StatusOr<std::vector<OutboxRow>> Reads<Interface>::ReadOutbox(int limit, absl::Span<const int64_t> sent) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * list, session_->connection->Get(kListOutbox));
  list->Bind(1, limit + static_cast<int64_t>(sent.size()));
  ASSIGN_OR_RETURN(std::vector<int64_t> waiting,
                   Collect<int64_t>(*list, [](const Statement& row) -> absl::StatusOr<int64_t> { return row.Int(0); }));
  std::vector<OutboxRow> rows;
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadJournal));
  for (const int64_t sequence : waiting) {
    if (static_cast<int>(rows.size()) == limit) break;
    if (std::binary_search(sent.begin(), sent.end(), sequence)) continue;
    read->Bind(1, sequence);
    ASSIGN_OR_RETURN(std::vector<JournalRow> events,
                     Collect<JournalRow>(*read, [this](const Statement& row) { return JournalOf(*session_, row); }));
    if (events.empty()) {
      return session_->sealer->Damaged("outbox", absl::StrCat("sequence ", sequence), "its journal row is lost");
    }
    rows.push_back({sequence, std::move(events.front())});
  }
  return rows;
}

template <class Interface>
absl::StatusOr<std::vector<StepRow>> Reads<Interface>::ReadSteps(int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadSteps));
  read->Bind(1, limit);
  return Collect<StepRow>(*read, [this](const Statement& row) -> absl::StatusOr<StepRow> {
    StepRow step{TextOf(row, 1), TextOf(row, 2), TextOf(row, 3), "", TextOf(row, 4), row.Int(0)};
    RETURN_IF_ERROR(Take(session_->sealer->Unwrap(step.key, PlaceOfStep(session_->place, step), row.Bytes(5)),
                         step.payload, step.erased));
    return step;
  });
}

template <class Interface>
absl::StatusOr<std::vector<RequestRow>> Reads<Interface>::FindRequests(absl::Span<const RequestKey> ids) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * find, session_->connection->Get(kFindRequest));
  std::vector<RequestRow> requests;
  for (const RequestKey& id : ids) {
    find->BindText(1, id.scope);
    find->BindText(2, id.request_id);
    ASSIGN_OR_RETURN(const bool found, find->Step());
    if (!found) continue;
    RequestRow request{id, TextOf(*find, 0), std::string(find->Bytes(1)), TextOf(*find, 2), "", TimeOf(*find, 3)};
    absl::StatusOr<std::string> reply =
        session_->sealer->Unwrap(request.key, PlaceOfRequest(session_->place, request), find->Bytes(4));
    request.outlives_key = RowSealer::IsKept(find->Bytes(4));
    find->Reset();
    bool erased = false;
    RETURN_IF_ERROR(Take(std::move(reply), request.reply, erased));
    if (!erased) requests.push_back(std::move(request));
  }
  return requests;
}

template <class Interface>
absl::StatusOr<std::vector<AliasRow>> Reads<Interface>::FindAliases(absl::Span<const AliasRow> kind_and_hash) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * find, session_->connection->Get(kFindAlias));
  std::vector<AliasRow> aliases;
  for (const AliasRow& alias : kind_and_hash) {
    find->BindText(1, alias.kind);
    find->BindBlob(2, alias.keyed_hash);
    ASSIGN_OR_RETURN(const bool found, find->Step());
    if (!found) continue;
    const bool lost = find->IsNull(0);
    aliases.push_back({alias.kind, alias.keyed_hash, TextOf(*find, 0)});
    find->Reset();
    if (lost) return session_->sealer->Damaged("alias", alias.kind, "its aggregate_key row is lost");
  }
  return aliases;
}

template <class Interface>
absl::StatusOr<std::vector<SourceVersion>> Reads<Interface>::FindSourceVersions(
    absl::Span<const SourceVersionKey> ids) {
  RETURN_IF_ERROR(Usable());
  std::vector<absl::string_view> texts;
  texts.reserve(ids.size());
  for (const SourceVersionKey& id : ids) texts.push_back(id.key);
  ASSIGN_OR_RETURN(const std::vector<int64_t> keys, session_->keys.FindAll(texts, false));
  ASSIGN_OR_RETURN(Statement * find, session_->connection->Get(kFindSourceVersion));
  std::vector<SourceVersion> versions;
  versions.reserve(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    if (keys[i] == 0) continue;
    ASSIGN_OR_RETURN(const std::optional<int64_t> source, session_->names.Find(ids[i].source));
    if (!source.has_value()) continue;
    find->Bind(1, keys[i]);
    find->Bind(2, *source);
    ASSIGN_OR_RETURN(const bool found, find->Step());
    if (!found) continue;
    versions.push_back({ids[i], find->Int(0), find->Int(1)});
    find->Reset();
  }
  return versions;
}

template <class Interface>
void Reads<Interface>::LimitTo(absl::Duration longest) {
  session_->connection->LimitTo(longest);
}

template <class Interface>
absl::StatusOr<std::vector<PositionRow>> Reads<Interface>::ReadPositions() {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadPositions));
  return Collect<PositionRow>(*read, [](const Statement& row) -> absl::StatusOr<PositionRow> {
    PositionRow position{TextOf(row, 0), static_cast<int>(row.Int(1)), row.Int(2), row.Int(3)};
    if (!row.IsNull(4)) position.last_time = absl::FromUnixMicros(row.Int(4));
    return position;
  });
}

template <class Interface>
absl::StatusOr<std::vector<std::string>> Reads<Interface>::ReadDue(absl::Time until, int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadDue));
  const Value micros = FromTime(until);
  read->Bind(1, micros.index() == 0 ? std::numeric_limits<int64_t>::max() : std::get<int64_t>(micros));
  read->Bind(2, limit);
  return Collect<std::string>(*read, [this](const Statement& row) -> absl::StatusOr<std::string> {
    if (!row.IsNull(0)) return TextOf(row, 0);
    return session_->sealer->Damaged("aggregate", absl::StrCat("number ", row.Int(1)), "its aggregate_key row is lost");
  });
}

template <class Interface>
absl::StatusOr<std::optional<absl::Time>> Reads<Interface>::EarliestDue() {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kEarliestDue));
  ASSIGN_OR_RETURN(const bool found, read->Step());
  if (!found) return std::optional<absl::Time>();
  const std::optional<absl::Time> due = read->IsNull(0) ? std::nullopt : std::optional(ToTime(read->Int(0)));
  read->Reset();
  return due;
}

template <class Interface>
absl::StatusOr<std::vector<ParkedRow>> Reads<Interface>::ReadParked(absl::string_view source, absl::string_view key,
                                                                    int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadParked));
  read->BindText(1, source);
  read->BindText(2, key);
  read->Bind(3, limit);
  return Collect<ParkedRow>(*read, [this](const Statement& row) { return RecordOf(*session_, "parked", row); });
}

template <class Interface>
absl::StatusOr<std::vector<ParkedRow>> Reads<Interface>::ListParkedKeys(int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * list, session_->connection->Get(kListParked));
  list->Bind(1, limit);
  return Collect<ParkedRow>(*list, KeyAndPlaceOf);
}

template <class Interface>
absl::StatusOr<std::vector<DeadLetterRow>> Reads<Interface>::ReadDeadLetters(int64_t after, int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadDeadLetters));
  read->Bind(1, after);
  read->Bind(2, limit);
  return Collect<DeadLetterRow>(*read, [this](const Statement& row) { return DeadLetterOf(*session_, row); });
}

template <class Interface>
absl::StatusOr<std::vector<DeadLetterRow>> Reads<Interface>::FindDeadLetters(absl::Span<const int64_t> ids) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * find, session_->connection->Get(kFindDeadLetter));
  std::vector<DeadLetterRow> letters;
  for (const int64_t id : ids) {
    find->Bind(1, id);
    ASSIGN_OR_RETURN(std::vector<DeadLetterRow> found, Collect<DeadLetterRow>(*find, [this](const Statement& row) {
                       return DeadLetterOf(*session_, row);
                     }));
    for (DeadLetterRow& letter : found) letters.push_back(std::move(letter));
  }
  return letters;
}

template <class Interface>
absl::StatusOr<std::vector<ParkedRow>> Reads<Interface>::ListBlockedKeys() {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * list, session_->connection->Get(kListBlocked));
  return Collect<ParkedRow>(*list, KeyOf);
}

template <class Interface>
absl::StatusOr<std::vector<KindRow>> Reads<Interface>::ReadKinds() {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadKinds));
  return Collect<KindRow>(*read, [](const Statement& row) -> absl::StatusOr<KindRow> {
    return KindRow{TextOf(row, 0), static_cast<int32_t>(row.Int(1))};
  });
}

template <class Interface>
absl::StatusOr<std::vector<Erasure>> Reads<Interface>::FindErased(absl::Span<const std::string> keys) {
  RETURN_IF_ERROR(Usable());
  std::vector<Erasure> erased;
  for (const std::string& key : keys) {
    ASSIGN_OR_RETURN(const bool is_erased, session_->sealer->IsErasedKey(key));
    if (!is_erased) continue;
    Erasure& tombstone = erased.emplace_back();
    tombstone.key = key;
    ASSIGN_OR_RETURN(Statement * find, session_->connection->Get(kFindTombstone));
    find->BindText(1, key);
    ASSIGN_OR_RETURN(const bool found, find->Step());
    if (!found) continue;
    tombstone.version = find->Int(0);
    tombstone.public_version = find->Int(1);
    find->Reset();
  }
  return erased;
}

template <class Interface>
absl::StatusOr<std::vector<Erasure>> Reads<Interface>::ReadErasures(int limit) {
  RETURN_IF_ERROR(Usable());
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadErasures));
  read->Bind(1, limit);
  ASSIGN_OR_RETURN(std::vector<Erasure> erasures,
                   Collect<Erasure>(*read, [this](const Statement& row) -> absl::StatusOr<Erasure> {
                     if (row.IsNull(0)) {
                       return session_->sealer->Damaged("erasure", "", "its aggregate_key row is lost");
                     }
                     return Erasure{TextOf(row, 0), row.Int(1), row.Int(2), row.Int(3), {}};
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
  ASSIGN_OR_RETURN(Statement * read, session_->connection->Get(kReadAudit));
  const Value past = PastPrefix(resource_prefix);
  read->BindText(1, resource_prefix);
  read->BindValue(2, past);
  read->Bind(3, limit);
  return Collect<AuditRow>(*read, [](const Statement& row) -> absl::StatusOr<AuditRow> {
    return AuditRow{TimeOf(row, 0), TextOf(row, 1), TextOf(row, 2), TextOf(row, 3), TextOf(row, 4),
                    TextOf(row, 5), TextOf(row, 6), TextOf(row, 7), TextOf(row, 8), TextOf(row, 9)};
  });
}

template class Reads<Reader>;
template class Reads<Transaction>;

}  // namespace polku::store::sqlite
