// Everything that can be read, for the reader and for the transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/store/sqlite/session.h"

namespace polku::store::sqlite {

// `Interface` is Reader or Transaction. The session is in a transaction while it is used here;
// null once that has ended.
template <class Interface>
class Reads : public Interface {
 public:
  explicit Reads(Session* session) : session_(session) {}

  void LimitTo(absl::Duration longest) override;
  absl::StatusOr<std::vector<StoredAggregate>> Load(absl::Span<const std::string> keys) override;
  absl::StatusOr<std::vector<Row>> Query(absl::string_view sql, absl::Span<const Value> parameters) override;
  absl::StatusOr<std::vector<JournalRow>> ReadJournal(absl::string_view key, int64_t after, int limit) override;
  absl::StatusOr<std::vector<JournalRow>> ScanJournal(int64_t after_sequence, int limit) override;
  absl::StatusOr<std::vector<JournalRow>> ScanChanges(int64_t after_sequence, int limit) override;
  absl::StatusOr<int64_t> LastSequence() override;
  using Interface::ReadOutbox;
  absl::StatusOr<std::vector<OutboxRow>> ReadOutbox(int limit, absl::Span<const int64_t> sent) override;
  absl::StatusOr<std::vector<StepRow>> ReadSteps(int limit) override;
  absl::StatusOr<std::vector<RequestRow>> FindRequests(absl::Span<const RequestKey> ids) override;
  absl::StatusOr<std::vector<AliasRow>> FindAliases(absl::Span<const AliasRow> kind_and_hash) override;
  absl::StatusOr<std::vector<SourceVersion>> FindSourceVersions(absl::Span<const SourceVersionKey> ids) override;
  absl::StatusOr<std::vector<PositionRow>> ReadPositions() override;
  absl::StatusOr<std::vector<std::string>> ReadDue(absl::Time until, int limit) override;
  absl::StatusOr<std::optional<absl::Time>> EarliestDue() override;
  absl::StatusOr<std::vector<ParkedRow>> ReadParked(absl::string_view source, absl::string_view key,
                                                    int limit) override;
  absl::StatusOr<std::vector<ParkedRow>> ListParkedKeys(int limit) override;
  absl::StatusOr<std::vector<DeadLetterRow>> ReadDeadLetters(int64_t after, int limit) override;
  absl::StatusOr<std::vector<DeadLetterRow>> FindDeadLetters(absl::Span<const int64_t> ids) override;
  absl::StatusOr<std::vector<ParkedRow>> ListBlockedKeys() override;
  absl::StatusOr<std::vector<KindRow>> ReadKinds() override;
  absl::StatusOr<std::vector<Erasure>> FindErased(absl::Span<const std::string> keys) override;
  absl::StatusOr<std::vector<Erasure>> ReadErasures(int limit) override;
  absl::StatusOr<std::vector<AuditRow>> ReadAudit(absl::string_view resource_prefix, int limit) override;

 protected:
  absl::Status Usable() const {
    if (session_ != nullptr) return session_->Usable();
    return absl::FailedPreconditionError("the transaction has ended");
  }
  Session* session() const { return session_; }
  void Detach() { session_ = nullptr; }
  // Told of each row that Load finds, with the newest journal row of its key (0 = none).
  virtual void Loaded(int64_t key_id, const StoredAggregate& aggregate, int64_t last_sequence) {}
  // The newest journal row of a key that the aggregate row does not know yet; 0 = none.
  virtual int64_t UnwrittenHead(int64_t key_id) const { return 0; }

 private:
  // The sequences of the journal rows of `key` with version > `after`, newest first.
  absl::StatusOr<std::vector<int64_t>> WalkBack(int64_t key_id, absl::string_view key, int64_t after);

  Session* session_;
};

}  // namespace polku::store::sqlite
