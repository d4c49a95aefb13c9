// The ways in which a client's month can go.
#pragma once

#include "libs/base/random.h"
#include "tools/demo/script.h"

namespace polku::demo {

// Writes actions, marks and breaks of the `index`-th of `clients` clients. Each fate has its share of them.
void LiveFate(int index, int clients, const Frame& frame, Client& client, SeededRandom& random);

}  // namespace polku::demo
