// Outbox rows that the bus has acknowledged and that are still to be deleted. A deletion of its own would cost a
// commit that commands wait for, so the corridor deletes them with what it commits anyway; the relay does it when
// there is nothing else to do. A crash forgets them: they are sent once more, and dropped by their version.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

namespace polku::pipeline {

// Thread-safe.
class SentRows {
 public:
  void Add(absl::Span<const int64_t> ids) {
    absl::MutexLock lock(&mutex_);
    ids_.insert(ids.begin(), ids.end());
  }
  // The oldest, ascending. They stay here until they are known to be deleted.
  std::vector<int64_t> Oldest(size_t rows_max) const {
    absl::MutexLock lock(&mutex_);
    std::vector<int64_t> ids;
    for (auto id = ids_.begin(); id != ids_.end() && ids.size() < rows_max; ++id) ids.push_back(*id);
    return ids;
  }
  void Deleted(absl::Span<const int64_t> ids) {
    absl::MutexLock lock(&mutex_);
    for (const int64_t id : ids) ids_.erase(id);
  }

 private:
  mutable absl::Mutex mutex_;
  std::set<int64_t> ids_ ABSL_GUARDED_BY(mutex_);  // Never used twice: they are places in the journal.
};

}  // namespace polku::pipeline
