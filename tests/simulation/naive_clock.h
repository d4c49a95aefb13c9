// Times in which nothing is expected, and limits that start again behind them.
#pragma once

#include <algorithm>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/calendar.h"
#include "tests/simulation/naive_facts.h"

namespace polku::simulation::naive {

using Quiets = std::vector<Quiet>;

// Whether a rule is silent about what ends at that instant.
inline bool IsQuiet(const Quiets& quiets, absl::Time end) {
  return std::any_of(quiets.begin(), quiets.end(),
                     [&](const Quiet& quiet) { return quiet.first < end && end <= quiet.second; });
}

// A limit that has not been reached when a quiet time begins starts again behind it.
struct Clock {
  absl::Time from;
  absl::Time due;

  void StartAgainBehind(Quiets quiets, int office_days) {
    std::sort(quiets.begin(), quiets.end());
    for (const auto& [begin, end] : quiets) {
      if (begin >= due || end <= from) continue;
      from = end;
      due = std::max(due, EndOfDay(AddOfficeDays(LocalDay(end), office_days)));
    }
  }
};

}  // namespace polku::simulation::naive
