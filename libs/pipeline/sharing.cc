// What a corridor does because other programs of its service share the database: it tells them how far it is, and looks
// for what they have left. Nothing of this happens where the database is the program's own.
#include <memory>
#include <utility>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/pipeline/corridor.h"

namespace polku::pipeline {
namespace {

// New partitions are rare, and a reader learns of them as late.
constexpr absl::Duration kCountPartitions = absl::Seconds(30);

}  // namespace

absl::Status Corridor::Share() {
  if (!dependencies_.database->shared()) return absl::OkStatus();
  const absl::Duration now = monotonic_.Elapsed();
  if (now >= tell_next_) {
    RETURN_IF_ERROR(lease_.Keep(inbox_.coverage()));
    tell_next_ = now + limits_.shared_tell;
  }
  if (now < look_next_) return absl::OkStatus();
  if (now >= count_next_) {
    RETURN_IF_ERROR(inbox_.CountPartitions());
    count_next_ = now + kCountPartitions;
  }
  RETURN_IF_ERROR(LookAtOthers());
  look_next_ = now + limits_.shared_look;
  return absl::OkStatus();
}

// All from one view: what is said to be covered comes with the keys that wait behind a dead letter, so that nobody
// takes a fact that was set aside for one that is not there.
absl::Status Corridor::LookAtOthers() {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
  ASSIGN_OR_RETURN(const std::vector<store::PositionRow> positions, reader->ReadPositions());
  ASSIGN_OR_RETURN(const std::vector<store::ParkedRow> rows, reader->ListBlockedKeys());
  std::set<PeerKey> blocked;
  for (const store::ParkedRow& row : rows) blocked.insert({row.source, row.key});
  if (blocked != blocked_) {
    blocked_ = std::move(blocked);
    parked_ = true;
    gaps_next_look_ = absl::InfinitePast();
  }
  inbox_.LearnCoverage(positions);
  if (!lease_.held()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<store::StepRow> steps, reader->ReadSteps(1));
  if (!steps.empty()) steps_pending_ = true;
  ASSIGN_OR_RETURN(const std::optional<absl::Time> due, reader->EarliestDue());
  earliest_due_us_ = due.has_value() ? absl::ToUnixMicros(*due) : kNoDue;
  // Of a program that died before it had finished.
  ASSIGN_OR_RETURN(const std::vector<store::Erasure> erasures, reader->ReadErasures(1));
  if (!erasures.empty() && !eraser_.pending()) eraser_.Decided();
  return absl::OkStatus();
}

// What fell due after everything was covered for the last time can only be held now. Others say how far they are a
// moment later, so it waits for them; not longer than `shared_patience`, so that a partition that nobody reads is seen.
absl::Time Corridor::DueUntil(const Intake& intake) {
  const absl::Time now = dependencies_.clock->Now();
  const absl::Time covered = inbox_.covered_until();
  if (!dependencies_.database->shared()) return inbox_.CatchesUp(intake) ? std::min(now, covered) : now;
  if (covered >= now || covered >= waited_from_) {
    waited_from_ = now;
    patience_ends_ = monotonic_.Elapsed() + limits_.shared_patience;
  }
  return monotonic_.Elapsed() < patience_ends_ ? std::min(now, covered) : now;
}

absl::StatusOr<bool> Corridor::NothingStored() const {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, dependencies_.database->Read());
  ASSIGN_OR_RETURN(const std::vector<store::OutboxRow> waiting, reader->ReadOutbox(1));
  if (!waiting.empty() || !dependencies_.database->shared()) return waiting.empty();
  // Whoever has the lease may not have seen yet what is there for it.
  ASSIGN_OR_RETURN(const std::vector<store::StepRow> steps, reader->ReadSteps(1));
  ASSIGN_OR_RETURN(const std::optional<absl::Time> due, reader->EarliestDue());
  return steps.empty() && due.value_or(absl::InfiniteFuture()) > dependencies_.clock->Now();
}

}  // namespace polku::pipeline
