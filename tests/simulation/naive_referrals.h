// R7 of referrals once more, as plainly as it can be said, over the journal of the referral service. Shares nothing
// with that service but the calendar. Written from services/referral/README.md.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/simulation/checker.h"

namespace polku::simulation {

// One line for each reminder or escalation that is missing, early, told twice or about the wrong clock.
std::vector<std::string> CompareWithNaiveReferrals(const Picture& picture, absl::Time now);

}  // namespace polku::simulation
