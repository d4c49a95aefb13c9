#include "libs/base/clock.h"

#include "libs/base/status_macros.h"

namespace polku {

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Time ManualClock::Now() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return now_;
}

void ManualClock::Advance(absl::Duration by) {
  const std::lock_guard<std::mutex> lock(mutex_);
  now_ += by;
}

void ManualClock::Set(absl::Time now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  now_ = now;
}

absl::Duration SystemMonotonicClock::Elapsed() const {
  return absl::FromChrono(std::chrono::steady_clock::now() - start_);
}

absl::Duration ManualMonotonicClock::Elapsed() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return elapsed_;
}

void ManualMonotonicClock::Advance(absl::Duration by) {
  POLKU_CHECK(by >= absl::ZeroDuration());
  const std::lock_guard<std::mutex> lock(mutex_);
  elapsed_ += by;
}

}  // namespace polku
