// That two records which were found to be one person are one, and two again after a split: whoever was merged forwards
// to the other one, no referral is lost or had twice, and the journeys that go on belong to referrals in service.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/checker.h"

namespace polku::simulation {

// One line for each fault, beginning with I1; at rest only.
std::vector<std::string> CheckMerges(const Picture& picture);

}  // namespace polku::simulation
