// Records that no service can take.
#pragma once

#include <vector>

#include "libs/base/random.h"
#include "tests/faults/topics.h"

namespace polku::faults {

// One of each sort, made from what a topic holds; each under a key of its own that belongs to nobody.
std::vector<RawRecord> MakePoison(const std::vector<RawRecord>& good, Random& random);

// Whether MakePoison made it.
bool IsPoison(const RawRecord& record);

}  // namespace polku::faults
