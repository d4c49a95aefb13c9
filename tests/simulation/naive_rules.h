// The interruption rules once more, as plainly as they can be said: one client's facts in a list,
// gone through from the beginning for each question. Shares nothing with the follow-up service
// but the calendar. Written from services/follow-up/README.md.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/checker.h"

namespace polku::simulation {

// One line for each finding that only one of the two has, and for each client whom they saw last at different times.
std::vector<std::string> CompareWithNaiveRules(const Picture& picture, absl::Time now);

}  // namespace polku::simulation
