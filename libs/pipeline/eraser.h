// Carries out the erasures that decisions have asked for: ledger, keys, rows. Each part may be
// repeated, so that a crash at any point ends erased, and once.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/pipeline/pipeline.h"
#include "libs/pipeline/pipeline_metrics.h"
#include "libs/store/database.h"

namespace polku::pipeline {

// Thread-compatible; `pending` may be asked by any thread.
class Eraser {
 public:
  Eraser(store::Database& database, const Limits& limits, PipelineMetrics& metrics)
      : database_(database), limits_(limits), metrics_(metrics) {}

  // What an earlier run or a restored copy left, to its end, in bounded transactions. Before serving.
  absl::Status Finish();
  // A batch that decided erasures was committed.
  void Decided() { keys_pending_ = rows_pending_ = true; }
  // Ledger and keys of what was decided: nothing may be folded before. Cheap when nothing was.
  absl::Status DestroyKeys();
  // One bounded transaction; true if there is more to do.
  absl::StatusOr<bool> Sweep();
  bool pending() const { return rows_pending_; }

 private:
  store::Database& database_;
  const Limits& limits_;
  PipelineMetrics& metrics_;
  bool keys_pending_ = true;
  std::atomic<bool> rows_pending_ = true;
  std::vector<std::string> swept_;  // The keys of the sweep under way.
  int64_t cursor_ = 0;
};

}  // namespace polku::pipeline
