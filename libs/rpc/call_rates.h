// How many calls each organisation may make.
#pragma once

#include <mutex>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace polku::rpc {

// A bucket for each organisation: filled at its rate up to what it may use at once, a call takes one. Thread-safe.
class CallRates {
 public:
  // Who was quiet for `burst` may make as many calls at once as in so long.
  CallRates(double calls_per_second, absl::Duration burst) : calls_per_second_(calls_per_second), burst_(burst) {}

  // Zero, and the call is counted; or how long from `now` until one may come. `calls_per_second` is the organisation's
  // own, 0 = that of all. `now` is monotonic.
  absl::Duration Take(absl::string_view organisation, double calls_per_second, absl::Duration now);

 private:
  struct Bucket {
    double calls = 0;
    absl::Duration at;
  };

  const double calls_per_second_;
  const absl::Duration burst_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace polku::rpc
