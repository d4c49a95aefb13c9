#include "tests/faults/driver.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/base/calendar.h"
#include "libs/base/clock.h"
#include "libs/base/status_macros.h"
#include "tests/faults/checker.h"
#include "tests/faults/observe.h"
#include "tests/faults/rows.h"
#include "tests/faults/stories.h"

namespace polku::faults {
namespace {

constexpr absl::Duration kRestMax = absl::Seconds(90);
constexpr absl::Duration kLook = absl::Milliseconds(300);
constexpr int kShownMax = 3;            // Violations of one invariant.
constexpr int kFirstOrdinal = 1000000;  // Of people whom the workload does not tell of.

struct Result {
  std::string fault;
  int strikes = 0;
  int stories = 0;
  std::map<std::string, int> broken;  // By invariant.
  std::vector<absl::Duration> answers;
  std::vector<absl::Duration> recoveries;
};

int Sum(const std::map<std::string, int>& broken, const std::vector<std::string>& invariants) {
  int sum = 0;
  for (const auto& [name, count] : broken) {
    if (std::find(invariants.begin(), invariants.end(), name) != invariants.end()) sum += count;
  }
  return sum;
}

std::string SecondsAt(std::vector<absl::Duration> times, double share) {
  if (times.empty()) return "-";
  std::sort(times.begin(), times.end());
  const absl::Duration at = times[static_cast<size_t>(share * static_cast<double>(times.size() - 1) + 0.5)];
  return absl::StrFormat("%.2f s", absl::ToDoubleSeconds(at));
}

void Print(const std::vector<Result>& results) {
  std::cout << absl::StrFormat("\n%-13s %7s %7s %6s %7s %6s %10s %10s %12s %12s\n", "fault", "strikes", "stories",
                               "losses", "doubles", "broken", "answer p50", "answer p99", "recovery p50",
                               "recovery p99");
  for (const Result& result : results) {
    int all = 0;
    for (const auto& [name, count] : result.broken) all += count;
    std::cout << absl::StrFormat("%-13s %7d %7d %6d %7d %6d %10s %10s %12s %12s\n", result.fault, result.strikes,
                                 result.stories, Sum(result.broken, {"I1"}), Sum(result.broken, {"I2", "I3"}), all,
                                 SecondsAt(result.answers, 0.5), SecondsAt(result.answers, 0.99),
                                 SecondsAt(result.recoveries, 0.5), SecondsAt(result.recoveries, 0.99));
  }
  std::cout << std::flush;
}

class Driver {
 public:
  Driver(const Wishes& wishes, std::unique_ptr<Fleet> fleet)
      : wishes_(wishes),
        fleet_(std::move(fleet)),
        channels_(*fleet_),
        caller_(channels_, &ledger_, wishes.seed),
        today_(LocalDay(SystemClock().Now())) {}

  // The stories without faults: what they come to is what is expected.
  absl::Status Calibrate();
  // False when something was broken.
  absl::StatusOr<bool> Run(const Row& row);
  std::string MissingFor(const Row& row) { return faults::MissingFor(row.needs, *fleet_); }
  const std::vector<Result>& results() const { return results_; }

 private:
  // Awaits rest and looks at everything.
  absl::Status Observe();
  absl::Status Expect();
  void Judge(Result& result);

  const Wishes wishes_;
  const std::unique_ptr<Fleet> fleet_;
  const Channels channels_;
  Ledger ledger_;
  Caller caller_;
  const absl::CivilDay today_;
  const SystemMonotonicClock clock_;
  int told_ = 0;  // Stories so far.
  int next_ordinal_ = kFirstOrdinal;
  Observation seen_;
  std::vector<Result> results_;
};

absl::Status Driver::Observe() {
  const absl::Duration end = clock_.Elapsed() + kRestMax;
  do {
    seen_.told = ledger_.told();
    RETURN_IF_ERROR(ReadDatabases(*fleet_, seen_));
    if (AtRest(seen_)) break;
    Caller::Rest(kLook);
  } while (clock_.Elapsed() < end);
  return ReadRest(*fleet_, seen_);
}

void Driver::Judge(Result& result) {
  for (const Violation& violation : Check(seen_)) {
    if (++result.broken[violation.invariant] > kShownMax) continue;
    std::cout << "BROKEN " << violation.invariant << " (" << result.fault << "): " << violation.what << std::endl;
  }
  ledger_.ForgetFaults();
  seen_.exits.clear();
}

absl::Status Driver::Calibrate() {
  RETURN_IF_ERROR(Prepare(caller_));
  {
    Workload stories(channels_, &ledger_, wishes_.seed, today_, 0, 2 * kStoryKinds);
    told_ += stories.Finish();
  }
  RETURN_IF_ERROR(Observe());
  for (auto& [name, program] : seen_.programs) program.usual = program.usage;
  Result result{"none", 0, told_, {}, {}, {}};
  RETURN_IF_ERROR(Expect());
  Judge(result);
  const bool good = result.broken.empty();
  results_.push_back(std::move(result));
  return good ? absl::OkStatus() : absl::InternalError("the stories do not hold without faults");
}

absl::Status Driver::Expect() {
  for (const auto& [client, kind] : seen_.told.clients) seen_.expected_states[kind] = seen_.end_states[client];
  if (seen_.expected_states.size() == kStoryKinds) return absl::OkStatus();
  for (const std::string& stuck : seen_.told.stuck) std::cout << stuck << std::endl;
  return absl::InternalError("not every kind of story came to its end");
}

absl::StatusOr<bool> Driver::Run(const Row& row) {
  std::cout << "== " << row.name << " (" << row.number << ")" << std::endl;
  Stage stage{*fleet_, channels_, caller_, ledger_, today_, SeededRandom(wishes_.seed), next_ordinal_};
  stage.first = static_cast<int>(wishes_.seed % 1000) * wishes_.rounds;
  stage.poison = seen_.poison;
  Result result{row.name, wishes_.rounds, 0, {}, {}, {}};
  {
    Workload stories(channels_, &ledger_, wishes_.seed + static_cast<uint64_t>(told_), today_, told_, wishes_.stories);
    for (stage.strike = 0; stage.strike < wishes_.rounds; ++stage.strike) {
      Caller::Rest(stage.strike == 0 ? absl::Milliseconds(500 + stage.Pick(1000)) : row.apart);
      RETURN_IF_ERROR(row.strike(stage));
    }
    result.stories = stories.Finish();
  }
  if (row.afterwards != nullptr) RETURN_IF_ERROR(row.afterwards(stage));
  told_ += result.stories;
  seen_.poison = stage.poison;
  seen_.exits = stage.exits;
  seen_.held.insert(stage.held.begin(), stage.held.end());
  result.answers = stage.answers;
  result.recoveries = stage.recoveries;
  for (const std::string& note : stage.notes) std::cout << "  " << note << std::endl;
  RETURN_IF_ERROR(Observe());
  Judge(result);
  const bool good = result.broken.empty();
  results_.push_back(std::move(result));
  return good;
}

int NotRun(const absl::Status& why) {
  std::cout << "NOT RUN: " << why << std::endl;
  return std::getenv("CI") != nullptr ? 1 : 0;
}

void PrintReplay(const Wishes& wishes, const std::string& fault) {
  std::cout << "replay: polku-faults --fault " << fault << " --seed " << wishes.seed << " --stories " << wishes.stories
            << " --rounds " << wishes.rounds;
  for (const auto& [name, layout] : Layouts()) {
    if (layout == wishes.fleet.layout) std::cout << " --layout " << name;
  }
  std::cout << " --brokers " << wishes.fleet.brokers << std::endl;
}

bool Wanted(const Wishes& wishes, const Row& row, const std::string& missing) {
  const bool all = wishes.fault == "all";
  if (!all && wishes.fault != row.name) return false;
  if (missing.empty()) return true;
  // What the layout has not got is not missed; what this machine cannot do is said.
  if (!all || (row.needs.contains(Need::kSmallDisk) && wishes.fleet.layout != Layout::kReplicas)) {
    std::cout << "NOT RUN: " << row.name << " (" << row.number << "): " << missing << std::endl;
  }
  return false;
}

}  // namespace

int Drive(const Wishes& wishes) {
  auto fleet = Fleet::Start(wishes.fleet);
  if (absl::IsNotFound(fleet.status())) return NotRun(fleet.status());
  if (!fleet.ok()) {
    std::cout << "the fleet does not start: " << fleet.status() << std::endl;
    return 1;
  }
  Driver driver(wishes, *std::move(fleet));
  absl::Status status = driver.Calibrate();
  int failed = 0;
  for (const Row& row : AllRows()) {
    if (!status.ok()) break;
    if (!Wanted(wishes, row, driver.MissingFor(row))) continue;
    const absl::StatusOr<bool> good = driver.Run(row);
    status = good.status();
    if (good.ok() && *good) continue;
    ++failed;
    PrintReplay(wishes, row.name);
  }
  Print(driver.results());
  if (!status.ok()) std::cout << "gave up: " << status << std::endl;
  return failed > 0 || !status.ok() ? 1 : 0;
}

}  // namespace polku::faults
