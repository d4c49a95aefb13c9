// What must hold of assignments although a run with faults may choose others (I6): those who are proposed can take the
// client, nobody takes more than their places, and no client is without a coordinator or a task to find one.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/checker.h"

namespace polku::simulation {

// One line for each fault, "I6: ...".
std::vector<std::string> CheckAssignments(const Picture& picture);

}  // namespace polku::simulation
