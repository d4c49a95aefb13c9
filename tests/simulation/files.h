// What stands in the files of a world, and which of them stay open.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/world.h"

namespace polku::simulation {

// People's names, texts and identity codes are nowhere in plain, erased or not (I11). Reads every file.
std::vector<std::string> CheckNames(World& world);

// How many files this process has open.
int64_t FilesOfProcess();

// Stops the world: then no file is open that was not open before it, and on its disk none ever stayed open (I9).
std::vector<std::string> CheckFiles(World& world, int64_t files_before);

}  // namespace polku::simulation
