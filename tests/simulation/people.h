// What people do in the morning about the lists they see, when everything has come to rest. It hangs on the seed, the
// client, the rule and the day, never on an id that a run with faults may give to something else.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/world.h"

namespace polku::simulation {

absl::StatusOr<std::vector<Command>> React(World& world, const Scenario& scenario);

}  // namespace polku::simulation
