// The store contract: one database per service, holding what the corridor writes in one
// transaction (aggregates, journal, outbox, steps, requests, positions, ...) and the index
// tables that lists are read from. Two dialects, one conformance suite.
//
// Batches: every call takes many rows, so that a dialect may pipeline them.
// Sealing: rows of personal aggregates (key begins with a prefix in `Options::sealed_prefixes`)
// are encrypted by the store with a key of their own per aggregate, before they reach the
// database: state, journal payload, step, request reply. Dead letter and parked rows are sealed
// whatever their key is: nobody knows what a foreign record holds. Callers see plain bytes. Index
// rows and everything else here hold ids, codes and instants only.
// Erasure: a transaction calls AppendErasures; then RecordErasures, DestroyKeys, DeleteOwned until
// nothing is left, DeleteErasures. Each may be repeated after a crash.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace polku::store {

// A column value. Instants are stored as int64 microseconds since the Unix epoch (see FromTime).
struct Blob {
  std::string bytes;
  auto operator<=>(const Blob&) const = default;
};
using Value = std::variant<std::monostate, int64_t, std::string, Blob>;
using Row = std::vector<Value>;
Value FromTime(absl::Time time);        // NULL for InfiniteFuture. Rounds down to microseconds.
absl::Time ToTime(const Value& value);  // InfiniteFuture for NULL.

// An index table as the corridor writes it. The names come from code, never from input.
struct TableShape {
  std::string table;
  std::vector<std::string> key_columns;  // The primary key.
  std::vector<std::string> value_columns;
  bool operator==(const TableShape&) const = default;
};

struct StoredAggregate {
  std::string key;             // "clients/0190..."
  int64_t version = 0;         // Journal rows so far; 0 = does not exist.
  int64_t public_version = 0;  // Public events so far, numbered without gaps.
  int32_t schema = 0;          // Version of the state message's meaning; newer than known is refused by the caller.
  std::string state;           // Serialised state message; empty when version is 0.
  std::optional<absl::Time> due_at;  // A lower bound of the next due instant.
  bool erased = false;               // Set by the store: the owner was erased; nothing else here is set then.
  std::string wrapped = {};          // By WrapAhead.
};

// Replaces the aggregate whose version is still `expected_version` (0: it must not exist).
struct AggregateWrite {
  int64_t expected_version = 0;
  StoredAggregate aggregate;
};

// One decided event. Versions rise by one per aggregate.
struct JournalRow {
  std::string key;
  int64_t version = 0;
  int64_t public_version = 0;  // 0 = internal: never leaves the service.
  std::string type;            // Full name of the event message, "polku.follow_up.v1.MeasureStarted".
  std::string payload;         // The serialised event message itself.
  absl::Time time;             // When it was decided.
  std::string traceparent;     // W3C trace context of what caused it; may be empty.
  int64_t sequence = 0;        // Set by the store: rises over the whole journal in commit order; ignored on append.
  // Sealed with the key of the service and not of the owner: can be told after the owner was
  // erased. For public events of the decision that erases, which hold no content.
  bool outlives_key = false;
  bool erased = false;       // Set by the store: the owner was erased, there is no payload.
  std::string wrapped = {};  // By WrapAhead.
};

// A public journal row that has not been acknowledged by the bus yet.
struct OutboxRow {
  int64_t id = 0;
  JournalRow event;
};

struct StepRow {
  std::string id;    // Deterministic: origin key, version, ordinal.
  std::string key;   // The aggregate that the step is for.
  std::string type;  // Full name of the input message.
  std::string payload;
  std::string traceparent;
  int64_t sequence = 0;  // Set by the store: order of arrival.
  bool erased = false;   // As JournalRow's.
};

struct RequestKey {
  std::string scope;       // Organisation and method.
  std::string request_id;  // UUID chosen by the caller.
  auto operator<=>(const RequestKey&) const = default;
  template <class H>
  friend H AbslHashValue(H hash, const RequestKey& id) {
    return H::combine(std::move(hash), id.scope, id.request_id);
  }
};
struct RequestRow {
  RequestKey id;
  std::string key;           // Aggregate that handled it.
  std::string field_hashes;  // Keyed hash per top-level field of the request; opaque here.
  std::string reply_type;
  std::string reply;  // Serialised reply message.
  absl::Time time;
  bool outlives_key = false;  // As JournalRow's: the answer to the request to erase can be repeated.
};

// Where a group reads next. `owner_epoch` rises when ownership of the partition changes.
struct PositionRow {
  std::string topic;
  int partition = 0;
  int64_t next_offset = 0;
  int64_t owner_epoch = 0;
  absl::Time last_time = absl::InfinitePast();      // As the claim told; InfinitePast = it is not known.
  absl::Time covered_until = absl::InfinitePast();  // See Coverage.
};
// Everything that was published to a partition before `until` has been handled here. Stays true.
struct Coverage {
  std::string topic;
  int partition = 0;
  absl::Time until;
};
struct PositionClaim {
  std::string topic;
  int partition = 0;
  int64_t expected = 0;  // The row's next_offset must be this (no row counts as 0).
  int64_t next = 0;
  int64_t owner_epoch = 0;  // Must not be below the row's.
  // When the record before `next` was appended, in microseconds: whether it is still there tells whether the topic is
  // still the one that was read. A claim that moves nothing leaves the row's.
  absl::Time last_time = absl::InfinitePast();
};

// A peer's aggregate.
struct SourceVersionKey {
  std::string source;  // "referral"
  std::string key;
  auto operator<=>(const SourceVersionKey&) const = default;
  template <class H>
  friend H AbslHashValue(H hash, const SourceVersionKey& id) {
    return H::combine(std::move(hash), id.source, id.key);
  }
};
// The last version of it that was applied. Versions go on over the epochs of the peer's database.
struct SourceVersion {
  SourceVersionKey id;
  int64_t last = 0;
  int64_t epoch = 0;  // The newest of the peer's that was seen with this key.
};

// A record that was set aside. `reason` is constant text with codes, never content.
struct ParkedRow {
  std::string source;  // Publishing service, or topic for foreign feeds.
  std::string key;
  int64_t epoch = 0;
  int64_t version = 0;  // 0 when unknown.
  std::string topic;
  int partition = 0;
  int64_t offset = 0;
  std::string type;
  std::string payload;
  std::string traceparent;
  absl::Time record_time;  // When the publisher decided the event.
  absl::Time time;         // When it was set aside.
  int64_t id = 0;          // Set by the store; order of arrival.
  bool erased = false;     // As JournalRow's.
};
struct DeadLetterRow {
  ParkedRow record;
  std::string reason;
  int attempts = 0;
};

// Who did or saw what. Written in the transaction of the change, or alone for a view.
struct AuditRow {
  absl::Time time;
  std::string organisation;
  std::string user;
  std::string role;
  std::string purpose;
  std::string action;    // Method or internal cause, "SubmitReferral".
  std::string resource;  // "clients/C" or "clients/C/referrals/R".
  std::string outcome;   // "change", "change:<reason>", "view", "disclose:<data class>", "denied".
  std::string request_id;
  std::string traceparent;
};

struct AliasRow {
  std::string kind;        // "hetu"
  std::string keyed_hash;  // Never the plain value.
  std::string key;         // Aggregate it leads to.
};

// A kind of aggregate as the programs that used this database knew it.
struct KindRow {
  std::string key_prefix;
  int32_t schema = 0;  // The newest.
};

// An erasure that was decided and is not done yet. All of the key's owner goes with it.
struct Erasure {
  std::string key;
  int64_t first_version = 0;  // Of the deciding events.
  // Set by the store: of the tombstone, and the deciding events that outlive the key.
  int64_t version = 0;
  int64_t public_version = 0;
  std::vector<JournalRow> events;
};

// kInternal, and marked: the machine failed and not what was asked of it. Trying the same in parts
// tells nothing; the process must end.
absl::Status DiskFailure(absl::string_view message);
bool IsDiskFailure(const absl::Status& status);

// A consistent view: what was committed when it was made. Hold it shortly. Thread-compatible.
// Errors of every method: kDataLoss, naming file, table and key, when a row is damaged; never
// left out. Rows of an erased owner come with `erased` set and without content. kDeadlineExceeded after LimitTo.
class Reader {
 public:
  virtual ~Reader() = default;
  // What still runs after `longest` is broken off; of PostgreSQL each statement has so long.
  virtual void LimitTo(absl::Duration longest) = 0;
  // One entry per key, in order; version 0 where it does not exist.
  virtual absl::StatusOr<std::vector<StoredAggregate>> Load(absl::Span<const std::string> keys) = 0;
  // `sql` is one reading statement in the common subset with parameters $1, $2, ..., in any
  // order and as often as wanted. Errors: kInvalidArgument when it does not parse, writes, takes
  // another number of parameters, or yields a floating point number.
  virtual absl::StatusOr<std::vector<Row>> Query(absl::string_view sql, absl::Span<const Value> parameters) = 0;
  // Journal rows of `key` with version > `after`, oldest first.
  virtual absl::StatusOr<std::vector<JournalRow>> ReadJournal(absl::string_view key, int64_t after, int limit) = 0;
  // Journal rows of all keys with sequence > `after_sequence`, oldest first.
  virtual absl::StatusOr<std::vector<JournalRow>> ScanJournal(int64_t after_sequence, int limit) = 0;
  // As ScanJournal, without payload and traceparent: whose journal moved. Opens no sealed row.
  virtual absl::StatusOr<std::vector<JournalRow>> ScanChanges(int64_t after_sequence, int limit) = 0;
  // The sequence of the newest journal row; 0 when there is none.
  virtual absl::StatusOr<int64_t> LastSequence() = 0;
  // The first `limit` rows but those of `sent`, which is ascending.
  virtual absl::StatusOr<std::vector<OutboxRow>> ReadOutbox(int limit, absl::Span<const int64_t> sent) = 0;
  absl::StatusOr<std::vector<OutboxRow>> ReadOutbox(int limit) { return ReadOutbox(limit, {}); }
  virtual absl::StatusOr<std::vector<StepRow>> ReadSteps(int limit) = 0;
  // Only those found, in any order; those of erased owners are not found.
  virtual absl::StatusOr<std::vector<RequestRow>> FindRequests(absl::Span<const RequestKey> ids) = 0;
  virtual absl::StatusOr<std::vector<AliasRow>> FindAliases(absl::Span<const AliasRow> kind_and_hash) = 0;
  virtual absl::StatusOr<std::vector<SourceVersion>> FindSourceVersions(absl::Span<const SourceVersionKey> ids) = 0;
  virtual absl::StatusOr<std::vector<PositionRow>> ReadPositions() = 0;
  // Keys with due_at <= `until`, earliest first.
  virtual absl::StatusOr<std::vector<std::string>> ReadDue(absl::Time until, int limit) = 0;
  virtual absl::StatusOr<std::optional<absl::Time>> EarliestDue() = 0;
  // Parked records of (source, key), oldest first.
  virtual absl::StatusOr<std::vector<ParkedRow>> ReadParked(absl::string_view source, absl::string_view key,
                                                            int limit) = 0;
  // Distinct (source, key) that have parked records, with the topic and partition of one of them; `payload` etc. are
  // empty.
  virtual absl::StatusOr<std::vector<ParkedRow>> ListParkedKeys(int limit) = 0;
  // Those whose record has an id above `after`, in the order in which they were set aside.
  virtual absl::StatusOr<std::vector<DeadLetterRow>> ReadDeadLetters(int64_t after, int limit) = 0;
  absl::StatusOr<std::vector<DeadLetterRow>> ReadDeadLetters(int limit) { return ReadDeadLetters(0, limit); }
  // Only those found, by the id of their record.
  virtual absl::StatusOr<std::vector<DeadLetterRow>> FindDeadLetters(absl::Span<const int64_t> ids) = 0;
  // Distinct (source, key) of dead letters whose version is known; `record.payload` etc. are empty.
  virtual absl::StatusOr<std::vector<ParkedRow>> ListBlockedKeys() = 0;
  virtual absl::StatusOr<std::vector<KindRow>> ReadKinds() = 0;
  // Those of `keys` whose owner was erased, with the versions of their tombstones.
  virtual absl::StatusOr<std::vector<Erasure>> FindErased(absl::Span<const std::string> keys) = 0;
  // What AppendErasures wrote and DeleteErasures has not deleted, with their events.
  virtual absl::StatusOr<std::vector<Erasure>> ReadErasures(int limit) = 0;
  // Rows whose resource begins with the prefix, newest first.
  virtual absl::StatusOr<std::vector<AuditRow>> ReadAudit(absl::string_view resource_prefix, int limit) = 0;
};

// How many rows wait for somebody or something.
struct Waiting {
  int64_t outbox_rows = 0;
  int64_t parked_keys = 0;  // Distinct (source, key).
  int64_t dead_letters = 0;
};
// Errors: as of any method of the reader.
absl::StatusOr<Waiting> CountWaiting(Reader& reader);

// The one writer. Everything or nothing is kept; dropping it without Commit rolls back.
// It sees its own writes. After an error other than kAlreadyExists and kAborted of
// ClaimPosition it must be dropped. kResourceExhausted: the disk is full, nothing was kept.
class Transaction : public Reader {
 public:
  // Seals the content of what is to be saved or appended, so that it need not be done then; nothing of it may change in
  // between. What cannot be sealed yet is left as it is. Any thread may call these until the transaction ends.
  virtual void WrapAhead(StoredAggregate& aggregate) const = 0;
  virtual void WrapAhead(JournalRow& row) const = 0;
  // The version may stay (only due_at or schema change). Errors: kAborted when a version is no
  // longer the expected one.
  virtual absl::Status Save(absl::Span<const AggregateWrite> aggregates) = 0;
  // Public rows enter the outbox too. Cheapest before the Save of the same aggregates. Errors:
  // kAborted when a version does not follow the key's last one.
  virtual absl::Status AppendJournal(absl::Span<const JournalRow> rows) = 0;
  virtual absl::Status DeleteOutbox(absl::Span<const int64_t> ids) = 0;
  virtual absl::Status AppendSteps(absl::Span<const StepRow> steps) = 0;  // An id that exists is left alone.
  virtual absl::Status DeleteSteps(absl::Span<const std::string> ids) = 0;
  // Errors: kAborted, perhaps by a later call, when another program has saved one of these ids meanwhile.
  virtual absl::Status SaveRequests(absl::Span<const RequestRow> requests) = 0;
  virtual absl::StatusOr<int64_t> DeleteRequestsBefore(absl::Time time, int limit) = 0;
  // Errors: kAlreadyExists when (kind, hash) is taken; the transaction stays usable.
  virtual absl::Status AddAlias(const AliasRow& alias) = 0;
  // From now on it leads to `key`, whatever it led to; to nobody when `key` is empty.
  virtual absl::Status SetAlias(const AliasRow& alias) = 0;
  // Errors: kAborted when `expected` or the epoch does not hold; nothing is changed then.
  virtual absl::Status ClaimPosition(const PositionClaim& claim) = 0;
  // A version that is below the one that is there changes nothing. The epoch must not be below the one that is there.
  virtual absl::Status SaveSourceVersions(absl::Span<const SourceVersion> versions) = 0;

  // For programs that share the database (Database::shared). Where one program has it alone the lease is always its
  // own, and it keeps coverage in memory.
  //
  // Takes the one lease of the service for `holder`, a name that no other program has, or keeps it: for `lasts` from
  // now by the clock of the database. False when another program has it. Never waits for another one.
  virtual absl::StatusOr<bool> TakeLease(absl::string_view holder, absl::Duration lasts);
  // Nobody else gets the lease before this transaction has ended. Errors: kAborted when it is not `holder`'s.
  virtual absl::Status HoldLease(absl::string_view holder);
  // Nothing when it is not `holder`'s.
  virtual absl::Status ReleaseLease(absl::string_view holder);
  // Only what is later than what is there is kept.
  virtual absl::Status SaveCoverage(absl::Span<const Coverage> coverage);

  virtual absl::Status Park(absl::Span<const ParkedRow> rows) = 0;
  virtual absl::Status DeleteParked(absl::Span<const int64_t> ids) = 0;
  virtual absl::Status AddDeadLetters(absl::Span<const DeadLetterRow> rows) = 0;
  virtual absl::Status DeleteDeadLetters(absl::Span<const int64_t> ids) = 0;
  virtual absl::Status SaveKind(const KindRow& kind) = 0;
  // For Database::epoch() of whoever opens the database from now on. Nobody else has it open.
  virtual absl::Status SetEpoch(int64_t epoch) = 0;
  virtual absl::Status AppendAudit(absl::Span<const AuditRow> rows) = 0;
  // After the last Save and AppendJournal of these keys: what is left of the aggregates are tombstones,
  // which keep versions only. Their aliases are free at once. Errors: kInvalidArgument for a key of a kind
  // that is not sealed.
  virtual absl::Status AppendErasures(absl::Span<const Erasure> erasures) = 0;
  // Deletes what is left of the owners of `keys` beside tombstones and journal: alias, step, request,
  // parked and dead letter rows, and index rows (a name of the owner, or one below it, stands in a
  // text column of their primary key); not what outlives the key. Looks at about `rows_max` rows.
  // Begin with cursor 0 and go on with what is returned, until it is 0 again: then nothing is left.
  virtual absl::StatusOr<int64_t> DeleteOwned(absl::Span<const std::string> keys, int64_t cursor, int rows_max) = 0;
  virtual absl::Status DeleteErasures(absl::Span<const std::string> keys) = 0;
  // Index rows: insert or replace whole rows (key columns first, then value columns). The key
  // columns are the table's primary key and never NULL. Of equal keys the last one is kept.
  virtual absl::Status Upsert(const TableShape& shape, absl::Span<const Row> rows) = 0;
  virtual absl::Status Delete(const TableShape& shape, absl::Span<const Row> keys) = 0;
  // After an error the outcome may be unknown: read back before trying again. kInternal: the
  // disk failed; the process must end. Afterwards only the destructor may be called.
  virtual absl::Status Commit() = 0;
};

// Thread-safe. Outlives its readers and transactions.
class Database {
 public:
  virtual ~Database() = default;
  // Waits for the running transaction of this process to end. One thread holds one at a time.
  virtual absl::StatusOr<std::unique_ptr<Transaction>> Begin() = 0;
  virtual absl::StatusOr<std::unique_ptr<Reader>> Read() = 0;
  // Other programs of the service may have it open, and change it at any time.
  virtual bool shared() const { return false; }
  // Rises when the database is restored from a backup; part of every record's identity.
  virtual int64_t epoch() const = 0;
  // A random key of this database (32 bytes) for keyed hashes: aliases, request fields, page tokens.
  // Kept in the key file.
  virtual absl::string_view hash_key() const = 0;
  // Writes what the erasures are into the erasure ledger, durably: a file that is no part of a
  // backup. An older copy of the database or of its key file erases them again when it is opened.
  virtual absl::Status RecordErasures(absl::Span<const Erasure> erasures) = 0;
  // Destroys the keys of owners ("clients/C"), durably: no sealed row of their aggregates opens
  // again, and nothing more can be sealed for them. Rows stay.
  virtual absl::Status DestroyKeys(absl::Span<const std::string> owners) = 0;
};

// A service's own tables. Applied once each, in order of version, inside a transaction.
struct Migration {
  int version = 0;  // 1, 2, ...
  std::string name;
  std::string sql;
};

struct Options {
  std::string service;                       // "referral"; a database of another service is refused.
  std::vector<std::string> sealed_prefixes;  // {"clients/"}
  std::vector<Migration> migrations;
  // Empty: opening a database makes its tables and brings them to the newest version. Otherwise it does neither: it
  // refuses a database that needs it, and names this command, which does it.
  std::string migrated_by;
};

}  // namespace polku::store
