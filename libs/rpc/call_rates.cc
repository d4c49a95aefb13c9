#include "libs/rpc/call_rates.h"

#include <algorithm>

namespace polku::rpc {
namespace {

// In development mode anybody may name any organisation. Over it all begin anew.
constexpr size_t kOrganisationsMax = 10000;

}  // namespace

absl::Duration CallRates::Take(absl::string_view organisation, double calls_per_second, absl::Duration now) {
  const double rate = calls_per_second > 0 ? calls_per_second : calls_per_second_;
  const double most = std::max(1.0, rate * absl::ToDoubleSeconds(burst_));
  const std::lock_guard<std::mutex> lock(mutex_);
  auto found = buckets_.find(organisation);
  if (found == buckets_.end()) {
    if (buckets_.size() >= kOrganisationsMax) buckets_.clear();
    found = buckets_.emplace(organisation, Bucket{most, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.calls = std::min(most, bucket.calls + rate * absl::ToDoubleSeconds(std::max(now - bucket.at, {})));
  bucket.at = now;
  if (bucket.calls < 1) return absl::Seconds((1 - bucket.calls) / rate);
  bucket.calls -= 1;
  return absl::ZeroDuration();
}

}  // namespace polku::rpc
