// The follow-up service as a program runs it.
#pragma once

#include <memory>

#include "libs/host/part.h"

namespace polku::follow_up {

std::unique_ptr<host::Part> MakePart();

}  // namespace polku::follow_up
