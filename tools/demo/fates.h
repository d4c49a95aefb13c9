// The ways in which a client's month can go.
#pragma once

#include "libs/base/random.h"
#include "tools/demo/script.h"

namespace polku::demo {

// Writes actions, marks and breaks of the `index`-th client of its course. Each fate has its share of them.
void LiveFate(int index, const Frame& frame, Client& client, SeededRandom& random);

}  // namespace polku::demo
