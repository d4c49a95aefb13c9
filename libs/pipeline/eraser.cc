#include "libs/pipeline/eraser.h"

#include <memory>
#include <set>
#include <utility>

#include "absl/types/span.h"
#include "libs/base/log.h"
#include "libs/base/status_macros.h"
#include "libs/pipeline/crash_point.h"
#include "libs/store/owner.h"

namespace polku::pipeline {

absl::Status Eraser::DestroyKeys() {
  if (!keys_pending_) return absl::OkStatus();
  std::vector<store::Erasure> erasures;
  {
    ASSIGN_OR_RETURN(std::unique_ptr<store::Reader> reader, database_.Read());
    ASSIGN_OR_RETURN(erasures, reader->ReadErasures(limits_.erasures_waiting_max));
    std::vector<std::string> keys;
    for (const store::Erasure& erasure : erasures) keys.push_back(erasure.key);
    ASSIGN_OR_RETURN(const std::vector<store::Erasure> done, reader->FindErased(keys));
    std::set<std::string> destroyed;
    for (const store::Erasure& erasure : done) destroyed.insert(erasure.key);
    std::erase_if(erasures, [&](const store::Erasure& erasure) { return destroyed.contains(erasure.key); });
  }
  if (!erasures.empty()) {
    std::vector<std::string> owners;
    for (const store::Erasure& erasure : erasures) owners.emplace_back(store::OwnerOf(erasure.key));
    CrashPoint("erasure.before_ledger");
    RETURN_IF_ERROR(database_.RecordErasures(erasures));
    CrashPoint("erasure.after_ledger");
    RETURN_IF_ERROR(database_.DestroyKeys(owners));
    CrashPoint("erasure.after_keys");
    metrics_.erasures->Increment(static_cast<double>(erasures.size()));
    LogEvent(LogLevel::kInfo, "keys destroyed", {{"count", static_cast<int64_t>(erasures.size())}});
  }
  keys_pending_ = false;
  return absl::OkStatus();
}

absl::StatusOr<bool> Eraser::Sweep() {
  if (!rows_pending_) return false;
  ASSIGN_OR_RETURN(std::unique_ptr<store::Transaction> transaction, database_.Begin());
  if (swept_.empty()) {
    ASSIGN_OR_RETURN(const std::vector<store::Erasure> erasures,
                     transaction->ReadErasures(limits_.erasures_per_sweep_max));
    for (const store::Erasure& erasure : erasures) swept_.push_back(erasure.key);
    cursor_ = 0;
    if (swept_.empty()) {
      rows_pending_ = false;
      return false;
    }
  }
  ASSIGN_OR_RETURN(const int64_t cursor, transaction->DeleteOwned(swept_, cursor_, limits_.erasure_rows_per_batch_max));
  if (cursor == 0) RETURN_IF_ERROR(transaction->DeleteErasures(swept_));
  CrashPoint("erasure.before_commit");
  RETURN_IF_ERROR(transaction->Commit());
  CrashPoint("erasure.after_commit");
  cursor_ = cursor;
  if (cursor == 0) swept_.clear();
  return true;
}

absl::Status Eraser::Finish() {
  bool more = true;
  while (more) {
    // The keys of all that waits come before any of its rows.
    keys_pending_ = true;
    RETURN_IF_ERROR(DestroyKeys());
    ASSIGN_OR_RETURN(more, Sweep());
  }
  return absl::OkStatus();
}

}  // namespace polku::pipeline
