// Time as an input: the product reads it only through these two interfaces.
#pragma once

#include <chrono>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace polku {

// The wall clock, for instants that are stored, shown or compared with a deadline.
// It may jump, also backwards: time-outs use MonotonicClock. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock. The only place in the product that calls absl::Now().
class SystemClock : public Clock {
 public:
  absl::Time Now() const override;
};

// A clock that stands still until it is told to move. Thread-safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Time now) : now_(now) {}
  absl::Time Now() const override;
  void Advance(absl::Duration by);
  // May move time backwards, as a corrected machine clock does.
  void Set(absl::Time now);

 private:
  mutable std::mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
};

// A clock that never goes back, for time-outs and durations. Only differences of its
// values mean something, and only within one process. Thread-safe.
class MonotonicClock {
 public:
  virtual ~MonotonicClock() = default;
  // Time since an arbitrary start that is fixed for this object.
  virtual absl::Duration Elapsed() const = 0;
};

class SystemMonotonicClock : public MonotonicClock {
 public:
  absl::Duration Elapsed() const override;

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Stands at zero until advanced. Thread-safe.
class ManualMonotonicClock : public MonotonicClock {
 public:
  absl::Duration Elapsed() const override;
  // `by` must not be negative.
  void Advance(absl::Duration by);

 private:
  mutable std::mutex mutex_;
  absl::Duration elapsed_ ABSL_GUARDED_BY(mutex_) = absl::ZeroDuration();
};

}  // namespace polku
