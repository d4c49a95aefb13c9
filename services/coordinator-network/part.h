// The coordinator-network service as a program runs it.
#pragma once

#include <memory>

#include "libs/host/part.h"

namespace polku::coordinator_network {

std::unique_ptr<host::Part> MakePart();

}  // namespace polku::coordinator_network
