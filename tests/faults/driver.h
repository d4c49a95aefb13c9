// Runs the rows, one after the other, on one fleet.
#pragma once

#include <cstdint>
#include <string>

#include "tests/faults/fleet.h"

namespace polku::faults {

struct Wishes {
  std::string fault = "all";
  uint64_t seed = 1;
  int stories = 10;  // At least so many in each row.
  int rounds = 2;    // Strikes of each row.
  FleetOptions fleet;
};

// Returns what the process ends with: 0 when everything held, or when there was nothing to run it on.
int Drive(const Wishes& wishes);

}  // namespace polku::faults
