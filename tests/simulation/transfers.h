// That the follow-up service knows of whom the record went to another region: they have moved away that day (R12).
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/checker.h"

namespace polku::simulation {

// One line for each client, beginning with I1; at rest only.
std::vector<std::string> CheckTransfers(const Picture& picture);

}  // namespace polku::simulation
