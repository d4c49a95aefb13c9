// The one writing transaction of a PostgreSQL database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "libs/store/postgres/reads.h"

namespace polku::store::postgres {

class PostgresTransaction final : public Reads<Transaction> {
 public:
  // Told once, when the transaction has ended: with what Commit gave, or with OK after a rollback.
  using Ended = std::function<void(const absl::Status& status)>;

  // `session` is in a transaction already.
  PostgresTransaction(Session* session, Ended ended) : Reads<Transaction>(session), ended_(std::move(ended)) {}
  ~PostgresTransaction() override;

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
  absl::StatusOr<bool> TakeLease(absl::string_view holder, absl::Duration lasts) override;
  absl::Status HoldLease(absl::string_view holder) override;
  absl::Status ReleaseLease(absl::string_view holder) override;
  absl::Status SaveCoverage(absl::Span<const Coverage> coverage) override;
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
  // Locks the aggregates that are not known yet.
  absl::Status FindHeads(absl::Span<const int64_t> ids);
  // That many, rising, below those of every later commit.
  absl::StatusOr<std::vector<int64_t>> TakeSequences(size_t count);
  // For what was appended after its aggregate was saved, or without.
  absl::Status WriteHeads();
  absl::Status InsertHeads(absl::Span<const int64_t> ids);
  // `writes` are of different aggregates, all new or none.
  absl::Status SaveBatch(absl::Span<const AggregateWrite* const> writes, absl::Span<const int64_t> ids);
  // Returns the version that the aggregate had; the tombstone's is not below the given one.
  absl::StatusOr<int64_t> WriteTombstone(int64_t key_id, const Erasure& erasure);
  // At most `rows_max`; how many they were.
  absl::StatusOr<int64_t> DeleteOwnedIndexRows(const std::string& owner, int64_t rows_max);
  absl::Status DeleteAll(const char* sql, absl::Span<const int64_t> ids);
  absl::StatusOr<const KnownShape*> ShapeOf(const TableShape& shape);
  absl::Status RunRows(const KnownShape& known, const std::string& sql, size_t columns, absl::Span<const Row> rows);
  void End(const absl::Status& status);

  const Ended ended_;
  absl::flat_hash_map<int64_t, Head> heads_;
  absl::flat_hash_set<int64_t> saved_;
};

}  // namespace polku::store::postgres
