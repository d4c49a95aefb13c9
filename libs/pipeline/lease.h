// Which of the programs that share a database does what only one may do at a time: due instants, stored steps, the
// outbox. Where a program has its database alone the lease is always its own.
//
// A program that stands still loses it when it ends by the database's clock. What it does afterwards harms nobody: a
// transaction with due instants or steps asks for the lease before its commit (`Hold`), and an event that is sent twice
// is dropped by its version.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/base/clock.h"
#include "libs/store/database.h"

namespace polku::pipeline {

// `held` may be asked by any thread; everything else is one caller's.
class Lease {
 public:
  // Neither is owned.
  Lease(store::Database& database, const MonotonicClock& clock, absl::Duration lasts);

  // Takes the lease if nobody has it, keeps it if we do, and tells the others what we have covered; one transaction.
  absl::Status Keep(absl::Span<const store::Coverage> coverage);
  bool held() const { return !database_.shared() || absl::Nanoseconds(held_until_ns_.load()) > clock_.Elapsed(); }
  // Errors: kAborted when another program has it by now.
  absl::Status Hold(store::Transaction& transaction) const;
  // Gives it back, so that others need not wait for its end.
  void Release();

 private:
  store::Database& database_;
  const MonotonicClock& clock_;
  const absl::Duration lasts_;
  const std::string holder_;
  std::atomic<int64_t> held_until_ns_ = -1;
};

}  // namespace polku::pipeline
