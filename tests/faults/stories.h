// The workload: each story is one client's life through all four services, told by several callers at once.
#pragma once

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "tests/faults/caller.h"
#include "tests/faults/ledger.h"

namespace polku::faults {

// The days that every story speaks of; all in the past.
struct Days {
  absl::CivilDay start;  // Of the measure: its first session, which the client attends.
  absl::CivilDay first;  // The next sessions.
  absl::CivilDay second;
};
// None of them is a public holiday. No other session lies between `start` and `today`.
Days DaysBefore(absl::CivilDay today);

// How person `ordinal` is referred.
referral::v1::SubmitReferralRequest ReferralOf(int ordinal);

// What stories need before they begin: coordinators who can take everybody.
absl::Status Prepare(Caller& caller);

// One after the other. Thread-compatible.
class Storyteller {
 public:
  Storyteller(const Channels& channels, Ledger* ledger, uint64_t seed, absl::CivilDay today)
      : caller_(channels, ledger, seed), ledger_(ledger), today_(today), days_(DaysBefore(today)) {}

  // `ordinal` tells people apart: never twice in a fleet. What goes wrong is in the ledger.
  void Tell(int ordinal, Kind kind);
  // What a provider has recorded of the client in a story of that kind, once more; what is known already is refused.
  void RecordAgain(const std::string& client, Kind kind);
  Caller& caller() { return caller_; }

 private:
  absl::Status Run(int ordinal, Kind kind);
  absl::Status Enter(int ordinal);
  absl::Status TakeOn();
  absl::Status Plan();
  absl::Status Attend(Kind kind);
  absl::Status Mark(absl::CivilDay day, follow_up::v1::AttendanceStatus status,
                    const std::set<absl::StatusCode>& fine = {});
  absl::Status EndEarly(const std::set<absl::StatusCode>& fine = {});
  absl::Status Report();
  absl::Status Reach(Kind kind);
  absl::StatusOr<coordinator_network::v1::Task> FindOutreach();
  absl::StatusOr<follow_up::v1::Journey> Journey();
  void AttemptAgain(const std::set<absl::StatusCode>& refused);
  // Asks until `done` says so of what `ask` gives.
  template <class Ask, class IsDone>
  auto Await(const char* what, Ask ask, IsDone done) -> decltype(ask());

  Caller caller_;
  Ledger* const ledger_;
  const absl::CivilDay today_;
  const Days days_;
  const SystemMonotonicClock clock_;
  // Of the story that is being told.
  std::string source_;
  std::string client_;
  std::string referral_;
  std::string coordinator_;
};

// Storytellers on threads of their own, until the object goes.
class Workload {
 public:
  // Story number n has ordinal `first` + n. Ends by itself only after `least` stories and a call of Finish.
  Workload(const Channels& channels, Ledger* ledger, uint64_t seed, absl::CivilDay today, int first, int least);
  ~Workload() { Finish(); }
  // Waits for the stories that have begun. Returns how many were told.
  int Finish();

 private:
  std::atomic<int> begun_ = 0;
  std::atomic<bool> stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace polku::faults
