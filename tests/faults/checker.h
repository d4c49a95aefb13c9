// Compares an observation with what must hold. The invariants' names: tests/faults/README.md.
#pragma once

#include <string>
#include <vector>

#include "tests/faults/observation.h"

namespace polku::faults {

using verify::Violation;

std::vector<Violation> Check(const Observation& seen);

// Whether nothing is on its way any more: a reason to wait, not a violation.
bool AtRest(const Observation& seen);

}  // namespace polku::faults
