// The referral service as a program runs it.
#pragma once

#include <memory>

#include "libs/host/part.h"

namespace polku::referral {

std::unique_ptr<host::Part> MakePart();

}  // namespace polku::referral
