// The one writing transaction of an SQLite database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "libs/store/sqlite/reads.h"

namespace polku::store::sqlite {

class SqliteTransaction final : public Reads<Transaction> {
 public:
  // Told once, when the transaction has ended: with what Commit gave, or with OK after a rollback.
  using Ended = std::function<void(const absl::Status& status)>;

  // `session` is in a transaction already.
  SqliteTransaction(Session* session, Ended ended) : Reads<Transaction>(session), ended_(std::move(ended)) {}
  ~SqliteTransaction() override;

  void WrapAhead(StoredAggregate& aggregate) const override { store::WrapAhead(*session()->sealer, aggregate); }
  void WrapAhead(JournalRow& row) const override { store::WrapAhead(*session()->sealer, row); }
  absl::Status Save(absl::Span<const AggregateWrite> aggregates) override;
  absl::Status AppendJournal(absl::Span<const JournalRow> rows) override;
  absl::Status DeleteOutbox(absl::Span<const int64_t> ids) override;
  absl::Status AppendSteps(absl::Span<const StepRow> steps) override;
  absl::Status DeleteSteps(absl::Span<const std::string> ids) override;
  absl::Status SaveRequests(absl::Span<const RequestRow> requests) override;
  absl::StatusOr<int64_t> DeleteRequestsBefore(absl::Time time, int limit) override;
  absl::Status AddAlias(const AliasRow& alias) override;
  absl::Status SetAlias(const AliasRow& alias) override;
  absl::Status ClaimPosition(const PositionClaim& claim) override;
  absl::Status SaveSourceVersions(absl::Span<const SourceVersion> versions) override;
  absl::Status Park(absl::Span<const ParkedRow> rows) override;
  absl::Status DeleteParked(absl::Span<const int64_t> ids) override;
  absl::Status AddDeadLetters(absl::Span<const DeadLetterRow> rows) override;
  absl::Status DeleteDeadLetters(absl::Span<const int64_t> ids) override;
  absl::Status SaveKind(const KindRow& kind) override;
  absl::Status SetEpoch(int64_t epoch) override;
  absl::Status AppendAudit(absl::Span<const AuditRow> rows) override;
  absl::Status AppendErasures(absl::Span<const Erasure> erasures) override;
  absl::StatusOr<int64_t> DeleteOwned(absl::Span<const std::string> keys, int64_t cursor, int rows_max) override;
  absl::Status DeleteErasures(absl::Span<const std::string> keys) override;
  absl::Status Upsert(const TableShape& shape, absl::Span<const Row> rows) override;
  absl::Status Delete(const TableShape& shape, absl::Span<const Row> keys) override;
  absl::Status Commit() override;

  // Erases in an older copy what was erased before it was put back: the tombstone, its events once
  // more, and an erasure to be done. Nothing if it is here already.
  absl::Status Reapply(const Erasure& erasure);

 private:
  // The newest journal row of a key.
  struct Head {
    int64_t sequence = 0;  // 0 = none.
    int64_t version = 0;
    bool unwritten = false;  // The aggregate row does not name it yet.
  };

  void Loaded(int64_t key_id, const StoredAggregate& aggregate, int64_t last_sequence) override;
  int64_t UnwrittenHead(int64_t key_id) const override;
  absl::StatusOr<Head*> HeadOf(int64_t key_id, absl::string_view key);
  // For what was appended after its aggregate was saved, or without.
  absl::Status WriteHeads();
  absl::Status SaveOne(int64_t key_id, const AggregateWrite& write);
  // Returns the version that the aggregate had; the tombstone's is not below the given one.
  absl::StatusOr<int64_t> WriteTombstone(int64_t key_id, const Erasure& erasure);
  // At most `rows_max`; how many they were.
  absl::StatusOr<int64_t> DeleteOwnedIndexRows(const std::string& owner, int64_t rows_max);
  absl::Status BindRecord(Statement& insert, absl::string_view table, const ParkedRow& row);
  absl::Status DeleteEach(const char* sql, absl::Span<const int64_t> ids);
  absl::Status RunEach(const std::string& sql, size_t columns, absl::Span<const Row> rows, const TableShape& shape);
  void End(const absl::Status& status);

  const Ended ended_;
  // The due instants that the rows have, as far as known: an update that leaves the instant
  // alone leaves its index alone.
  absl::flat_hash_map<int64_t, Value> due_of_;
  absl::flat_hash_map<int64_t, Head> heads_;
};

}  // namespace polku::store::sqlite
