// R8 once more: the points of the sickness allowance, day by day over the facts of a client.
#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "tests/simulation/naive_facts.h"

namespace polku::simulation::naive {

// What is near at the horizon by the numbers of rule set 2026-1: the point's code, and what it is counted from.
std::map<std::string, absl::Time> PointsNear(const Facts& facts, absl::Time horizon);

}  // namespace polku::simulation::naive
