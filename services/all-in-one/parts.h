// The four services.
#pragma once

#include "libs/host/host.h"

namespace polku::all_in_one {

host::Parts AllParts();

}  // namespace polku::all_in_one
